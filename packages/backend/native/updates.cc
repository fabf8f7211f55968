#include "updates.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "clones.h"
#include "held-tensors.h"
#include "parallel.h"

namespace pixcon {
namespace {

/** A run of values within one of the tensors of a list. */
struct Piece {
  int64_t tensor;
  int64_t begin;
  int64_t end;
};

/** Cuts tensors into pieces for threads. */
class Pieces {
 public:
  void add(int64_t tensor, int64_t size) {
    for (int64_t begin = 0; begin < size; begin += length) {
      pieces_.push_back({tensor, begin, std::min(size, begin + length)});
    }
  }

  int64_t count() const { return static_cast<int64_t>(pieces_.size()); }
  const Piece& at(int64_t index) const { return pieces_[index]; }

  template <class Task>
  void forEach(const Task& task) const {
    parallelFor(count(), [&](int64_t index) { task(pieces_[index]); });
  }

 private:
  static constexpr int64_t length = 1 << 16;
  std::vector<Piece> pieces_;
};

/** v ← momentum · v + g + decay · w. */
PIXCON_CLONES
void velocityStep(const float* __restrict weight, float* __restrict velocity, const float* __restrict gradient,
                  int64_t size, float momentum, float decay) {
  for (int64_t i = 0; i < size; i++) {
    velocity[i] = momentum * velocity[i] + (gradient[i] + decay * weight[i]);
  }
}

/** The same, and w ← w − rate · v. */
PIXCON_CLONES
void momentumStep(float* __restrict weight, float* __restrict velocity, const float* __restrict gradient,
                  int64_t size, float rate, float momentum, float decay) {
  for (int64_t i = 0; i < size; i++) {
    const float v = momentum * velocity[i] + (gradient[i] + decay * weight[i]);
    velocity[i] = v;
    weight[i] -= rate * v;
  }
}

/** v ← momentum · v + rate · (g + decay · w); w ← w − v. */
PIXCON_CLONES
void larsStep(float* __restrict weight, float* __restrict velocity, const float* __restrict gradient,
              int64_t size, float rate, float momentum, float decay) {
  for (int64_t i = 0; i < size; i++) {
    const float v = momentum * velocity[i] + rate * (gradient[i] + decay * weight[i]);
    velocity[i] = v;
    weight[i] -= v;
  }
}

/** Σ x². */
double sumOfSquares(const float* x, int64_t size) {
  // Several sums side by side, which the compiler may not make of one.
  double sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= size; i += 8) {
    for (int64_t j = 0; j < 8; j++) sums[j] += static_cast<double>(x[i + j]) * x[i + j];
  }
  for (; i < size; i++) sums[0] += static_cast<double>(x[i]) * x[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/** target ← target + share · (online − target). */
PIXCON_CLONES
void moveStep(float* __restrict target, const float* __restrict online, int64_t size, float share) {
  for (int64_t i = 0; i < size; i++) target[i] += share * (online[i] - target[i]);
}

PIXCON_CLONES
void addStep(float* __restrict total, const float* __restrict part, int64_t size) {
  for (int64_t i = 0; i < size; i++) total[i] += part[i];
}

/** Weights and velocities that are held in turn, w₀, v₀, w₁, v₁ …, with the gradients that a call brings. */
class Updates {
 public:
  struct Update {
    float* weight;
    float* velocity;
    Tensor gradient;
  };

  /** @param first input that is a gradient; all after it are */
  Updates(const Call& call, HeldTensors& held, int first) {
    const int count = call.inputCount() - first;
    if (held.count() != 2 * count) throw std::runtime_error("as many gradients as weights are needed");
    for (int index = 0; index < count; index++) {
      const int64_t size = held.at(2 * index).size();
      Tensor gradient = call.input(first + index, size);
      if (held.at(2 * index + 1).size() != size) throw std::runtime_error("a velocity has another size");
      updates_.push_back({held.write(2 * index), held.write(2 * index + 1), std::move(gradient)});
      pieces.add(index, size);
    }
  }

  const Update& of(const Piece& piece) const { return updates_[piece.tensor]; }

  Pieces pieces;

 private:
  std::vector<Update> updates_;
};

/** Stochastic gradient descent on weights and velocities that are held in turn: w₀, v₀, w₁, v₁ … */
class MomentumUpdate {
 public:
  explicit MomentumUpdate(const Attributes&) {}

  void run(const Call& call) const {
    const auto held = HeldTensors::find(call.input(0, 1));
    const Tensor settings = call.input(1, 3);
    const float* values = settings.data();
    const Updates updates(call, *held, 2);
    updates.pieces.forEach([&](const Piece& piece) {
      const auto& update = updates.of(piece);
      float* weight = update.weight + piece.begin;
      float* velocity = update.velocity + piece.begin;
      const float* gradient = update.gradient.data() + piece.begin;
      const int64_t size = piece.end - piece.begin;
      // A part of a step's gradient moves no weight yet.
      if (values[0] == 0) {
        velocityStep(weight, velocity, gradient, size, values[1], values[2]);
      } else {
        momentumStep(weight, velocity, gradient, size, values[0], values[1], values[2]);
      }
    });
  }
};

/** Layer-wise adaptive rate scaling of weights and velocities that are held in turn: w₀, v₀, w₁, v₁ … */
class LarsUpdate {
 public:
  explicit LarsUpdate(const Attributes&) {}

  void run(const Call& call) const {
    const auto held = HeldTensors::find(call.input(0, 1));
    const Tensor settings = call.input(1, 5);
    const int64_t count = call.inputCount() - 3;
    const Tensor adaptive = call.input(2, count);
    const float* values = settings.data();
    const float momentum = values[1];
    const float decay = values[2];
    const double trust = values[3];
    const double epsilon = values[4];
    const Updates updates(call, *held, 3);
    const Pieces& pieces = updates.pieces;
    std::vector<std::array<double, 2>> squares(pieces.count());
    parallelFor(pieces.count(), [&](int64_t index) {
      const Piece& piece = pieces.at(index);
      if (adaptive.data()[piece.tensor] == 0) return;
      const auto& update = updates.of(piece);
      const int64_t size = piece.end - piece.begin;
      squares[index] = {sumOfSquares(update.weight + piece.begin, size),
                        sumOfSquares(update.gradient.data() + piece.begin, size)};
    });
    // Added in the order of pieces, whichever thread had them.
    std::vector<std::array<double, 2>> sums(count);
    for (int64_t index = 0; index < pieces.count(); index++) {
      for (int side = 0; side < 2; side++) sums[pieces.at(index).tensor][side] += squares[index][side];
    }
    std::vector<float> rates(count, values[0]);
    for (int64_t index = 0; index < count; index++) {
      const double weight = std::sqrt(sums[index][0]);
      const double gradient = std::sqrt(sums[index][1]);
      if (weight > 0 && gradient > 0) {
        rates[index] *= static_cast<float>(trust * weight / (gradient + decay * weight + epsilon));
      }
    }
    pieces.forEach([&](const Piece& piece) {
      const auto& update = updates.of(piece);
      larsStep(update.weight + piece.begin, update.velocity + piece.begin,
               update.gradient.data() + piece.begin, piece.end - piece.begin, rates[piece.tensor], momentum,
               adaptive.data()[piece.tensor] != 0 ? decay : 0.0f);
    });
  }
};

/** Exponential moving average of held tensors. */
class MoveTowards {
 public:
  explicit MoveTowards(const Attributes&) {}

  void run(const Call& call) const {
    const auto held = HeldTensors::find(call.input(0, 1));
    const Tensor share = call.input(1, 1);
    const int64_t count = call.inputCount() - 2;
    if (held->count() != count) throw std::runtime_error("as many online tensors as targets are needed");
    struct Move {
      float* target;
      Tensor online;
    };
    std::vector<Move> moves;
    Pieces pieces;
    for (int64_t index = 0; index < count; index++) {
      const int64_t size = held->at(index).size();
      Tensor online = call.input(static_cast<int>(index) + 2, size);
      moves.push_back({held->write(index), std::move(online)});
      pieces.add(index, size);
    }
    pieces.forEach([&](const Piece& piece) {
      const Move& move = moves[piece.tensor];
      moveStep(move.target + piece.begin, move.online.data() + piece.begin, piece.end - piece.begin,
               share.data()[0]);
    });
  }
};

/** Adds to held tensors. */
class AddTo {
 public:
  explicit AddTo(const Attributes&) {}

  void run(const Call& call) const {
    const auto held = HeldTensors::find(call.input(0, 1));
    const int64_t count = call.inputCount() - 1;
    if (held->count() != count) throw std::runtime_error("as many parts as totals are needed");
    struct Sum {
      float* total;
      Tensor part;
    };
    std::vector<Sum> sums;
    Pieces pieces;
    for (int64_t index = 0; index < count; index++) {
      const int64_t size = held->at(index).size();
      Tensor part = call.input(static_cast<int>(index) + 1, size);
      sums.push_back({held->write(index), std::move(part)});
      pieces.add(index, size);
    }
    pieces.forEach([&](const Piece& piece) {
      const Sum& sum = sums[piece.tensor];
      addStep(sum.total + piece.begin, sum.part.data() + piece.begin, piece.end - piece.begin);
    });
  }
};

/** Writes rows into a held ring, from a position on and past its end from the start. */
class RingWrite {
 public:
  explicit RingWrite(const Attributes&) {}

  void run(const Call& call) const {
    const auto held = HeldTensors::find(call.input(0, 1));
    const int64_t position = call.input(1, 1).integers()[0];
    const Tensor rows = call.input(2);
    const int64_t length = held->at(0).dim(0);
    const int64_t size = held->at(0).dim(1);
    const int64_t count = rows.dim(0);
    if (rows.dim(1) != size || count > length || position < 0 || position >= length) {
      throw std::runtime_error("the rows do not fit the ring");
    }
    float* ring = held->write(0);
    const int64_t first = std::min(count, length - position);
    std::copy_n(rows.data(), first * size, ring + position * size);
    std::copy_n(rows.data() + first * size, (count - first) * size, ring);
  }
};

}  // namespace

void registerUpdates() {
  registerKernel<MomentumUpdate>({"PixconMomentumUpdate",
                                  {"N: int >= 1"},
                                  {"key: int32", "settings: float", "gradients: N * float"},
                                  {}});
  registerKernel<LarsUpdate>({"PixconLarsUpdate",
                              {"N: int >= 1"},
                              {"key: int32", "settings: float", "adaptive: float", "gradients: N * float"},
                              {}});
  registerKernel<MoveTowards>(
      {"PixconMoveTowards", {"N: int >= 1"}, {"key: int32", "share: float", "online: N * float"}, {}});
  registerKernel<AddTo>({"PixconAddTo", {"N: int >= 1"}, {"key: int32", "parts: N * float"}, {}});
  registerKernel<RingWrite>({"PixconRingWrite", {}, {"key: int32", "position: int32", "rows: float"}, {}});
}

}  // namespace pixcon
