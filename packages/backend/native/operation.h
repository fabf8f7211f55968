#pragma once

#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <vector>

#include "c-api.h"

namespace pixcon {

/** TensorFlow's status of a call; throws what went wrong. */
class Status {
 public:
  Status() : status_(TF_NewStatus()) {}
  ~Status() { TF_DeleteStatus(status_); }
  Status(const Status&) = delete;
  Status& operator=(const Status&) = delete;
  operator TF_Status*() { return status_; }

  void check() const {
    if (TF_GetCode(status_) != TF_OK) throw std::runtime_error(TF_Message(status_));
  }

 private:
  TF_Status* status_;
};

/** Owns one reference to a tensor of float32 (or int32). */
class Tensor {
 public:
  explicit Tensor(TF_Tensor* tensor = nullptr) : tensor_(tensor) {}

  TF_Tensor* get() const { return tensor_.get(); }
  int rank() const { return TF_NumDims(get()); }
  int64_t dim(int axis) const { return TF_Dim(get(), axis); }
  std::vector<int64_t> shape() const;
  int64_t size() const { return static_cast<int64_t>(TF_TensorByteSize(get()) / sizeof(float)); }
  /** Length of the last axis. */
  int64_t channels() const { return dim(rank() - 1); }
  float* data() const { return static_cast<float*>(TF_TensorData(get())); }
  int32_t* integers() const { return static_cast<int32_t*>(TF_TensorData(get())); }

  /** The same memory in another shape of as many values. */
  Tensor reshaped(const std::vector<int64_t>& shape) const;
  /** This tensor where nobody else sees its memory, else a copy. */
  Tensor writable() &&;

 private:
  struct Delete {
    void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
  };
  std::unique_ptr<TF_Tensor, Delete> tensor_;
};

/** What an operation is called with. */
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context) {}

  int inputCount() const { return TF_NumInputs(context_); }
  Tensor input(int index) const;
  /** @throws std::runtime_error unless it has `size` values */
  Tensor input(int index, int64_t size) const;
  Tensor output(int index, const std::vector<int64_t>& shape, TF_DataType type = TF_FLOAT) const;
  void setOutput(int index, const Tensor&) const;

 private:
  TF_OpKernelContext* context_;
};

/** Reads the attributes of an operation. */
class Attributes {
 public:
  explicit Attributes(TF_OpKernelConstruction* construction) : construction_(construction) {}

  float number(const char* name) const;
  int integer(const char* name) const;
  bool flag(const char* name) const;
  std::vector<int64_t> integers(const char* name) const;

 private:
  TF_OpKernelConstruction* construction_;
};

/** An operation in TensorFlow's notation, `"x: float"`. */
struct Signature {
  const char* name;
  std::initializer_list<const char*> attributes;
  std::initializer_list<const char*> inputs;
  std::initializer_list<const char*> outputs;
};

/** Tells TensorFlow of an operation and of its kernel for the CPU. */
void registerOperation(const Signature&, void* (*create)(TF_OpKernelConstruction*),
                       void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*));

void fail(TF_OpKernelContext*, const char* message);
void fail(TF_OpKernelConstruction*, const char* message);

/**
 * The same for a class: its constructor takes `Attributes`, its `run` a `Call`. What they throw becomes an error of
 * TensorFlow.
 */
template <class Kernel>
void registerKernel(const Signature& signature) {
  registerOperation(
      signature,
      [](TF_OpKernelConstruction* construction) -> void* {
        try {
          return new Kernel(Attributes(construction));
        } catch (const std::exception& error) {
          fail(construction, error.what());
          return nullptr;
        }
      },
      [](void* kernel, TF_OpKernelContext* context) {
        try {
          static_cast<const Kernel*>(kernel)->run(Call(context));
        } catch (const std::exception& error) {
          fail(context, error.what());
        }
      },
      [](void* kernel) { delete static_cast<Kernel*>(kernel); });
}

}  // namespace pixcon
