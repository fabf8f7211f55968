#include "operation.h"

#include <cstring>
#include <string>

namespace pixcon {

std::vector<int64_t> Tensor::shape() const {
  std::vector<int64_t> dims(rank());
  for (int axis = 0; axis < rank(); axis++) dims[axis] = dim(axis);
  return dims;
}

Tensor Tensor::reshaped(const std::vector<int64_t>& shape) const {
  Status status;
  const TF_DataType type = TF_TensorType(get());
  const int64_t none = 0;
  Tensor tensor(TF_AllocateTensor(type, &none, 1, 0));
  if (!tensor.get()) throw std::runtime_error("out of memory");
  TF_TensorBitcastFrom(get(), type, tensor.get(), shape.data(), static_cast<int>(shape.size()), status);
  status.check();
  return tensor;
}

Tensor Tensor::writable() && {
  if (TF_Tensor* moved = TF_TensorMaybeMove(get())) {
    if (moved == get()) return std::move(*this);
    tensor_.release();
    return Tensor(moved);
  }
  const std::vector<int64_t> dims = shape();
  Tensor copy(TF_AllocateTensor(TF_FLOAT, dims.data(), rank(), size() * sizeof(float)));
  if (!copy.get()) throw std::runtime_error("out of memory");
  std::memcpy(copy.data(), data(), size() * sizeof(float));
  return copy;
}

Tensor Call::input(int index) const {
  Status status;
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context_, index, &tensor, status);
  Tensor owned(tensor);
  status.check();
  return owned;
}

Tensor Call::input(int index, int64_t size) const {
  Tensor tensor = input(index);
  if (tensor.size() == size) return tensor;
  throw std::runtime_error("input " + std::to_string(index) + " has " + std::to_string(tensor.size()) +
                           " values, not " + std::to_string(size));
}

Tensor Call::output(int index, const std::vector<int64_t>& shape, TF_DataType type) const {
  Status status;
  size_t bytes = sizeof(float);
  for (int64_t length : shape) bytes *= static_cast<size_t>(length);
  Tensor tensor(
      TF_AllocateOutput(context_, index, type, shape.data(), static_cast<int>(shape.size()), bytes, status));
  status.check();
  return tensor;
}

void Call::setOutput(int index, const Tensor& tensor) const {
  Status status;
  TF_SetOutput(context_, index, tensor.get(), status);
  status.check();
}

float Attributes::number(const char* name) const {
  Status status;
  float value = 0;
  TF_OpKernelConstruction_GetAttrFloat(construction_, name, &value, status);
  status.check();
  return value;
}

int Attributes::integer(const char* name) const {
  Status status;
  int32_t value = 0;
  TF_OpKernelConstruction_GetAttrInt32(construction_, name, &value, status);
  status.check();
  return value;
}

bool Attributes::flag(const char* name) const {
  Status status;
  unsigned char value = 0;
  TF_OpKernelConstruction_GetAttrBool(construction_, name, &value, status);
  status.check();
  return value != 0;
}

std::vector<int64_t> Attributes::integers(const char* name) const {
  Status status;
  int32_t length = 0;
  int32_t total = 0;
  TF_OpKernelConstruction_GetAttrSize(construction_, name, &length, &total, status);
  status.check();
  std::vector<int64_t> values(length);
  TF_OpKernelConstruction_GetAttrInt64List(construction_, name, values.data(), length, status);
  status.check();
  return values;
}

void registerOperation(const Signature& signature, void* (*create)(TF_OpKernelConstruction*),
                       void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*)) {
  Status status;
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(signature.name);
  for (const char* attribute : signature.attributes) TF_OpDefinitionBuilderAddAttr(builder, attribute);
  for (const char* input : signature.inputs) TF_OpDefinitionBuilderAddInput(builder, input);
  for (const char* output : signature.outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
  // Eager execution asks for no shapes beforehand.
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(builder, status);
  status.check();
  TF_KernelBuilder* kernel = TF_NewKernelBuilder(signature.name, "CPU", create, compute, destroy);
  TF_RegisterKernelBuilder(signature.name, kernel, status);
  status.check();
}

void fail(TF_OpKernelContext* context, const char* message) {
  Status status;
  TF_SetStatus(status, TF_INVALID_ARGUMENT, message);
  TF_OpKernelContext_Failure(context, status);
}

void fail(TF_OpKernelConstruction* construction, const char* message) {
  Status status;
  TF_SetStatus(status, TF_INVALID_ARGUMENT, message);
  TF_OpKernelConstruction_Failure(construction, status);
}

}  // namespace pixcon
