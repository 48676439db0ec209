#include "train/recompute.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace vigor {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;
using LayerFunction = std::function<at::Tensor(at::Tensor)>;

struct HeldFunction : torch::CustomClassHolder {
  explicit HeldFunction(LayerFunction f) : function(std::move(f)) {}
  LayerFunction function;
};

struct Recompute : torch::autograd::Function<Recompute> {
  // `anchor` requires a gradient, so that the layer's parameters get theirs even where `x` needs
  // none (everything before the layer is frozen).
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& /*anchor*/,
                          const LayerFunction& layer) {
    context->save_for_backward({x});
    context->saved_data["needs_x"] = x.requires_grad();
    context->saved_data["layer"] =
        c10::IValue::make_capsule(c10::make_intrusive<HeldFunction>(layer));
    return layer(x);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto capsule = context->saved_data["layer"].toCapsule();
    const auto& layer = static_cast<HeldFunction*>(capsule.get())->function;
    const bool needs_x = context->saved_data["needs_x"].toBool();
    Variable x = context->get_saved_variables()[0].detach();
    x.set_requires_grad(needs_x);
    {
      at::AutoGradMode enable(true);
      layer(x).backward(gradients[0]);
    }
    return {needs_x ? x.grad() : Variable(), Variable(), Variable()};
  }
};

struct SelectRows : torch::autograd::Function<SelectRows> {
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& rows) {
    context->save_for_backward({rows});
    context->saved_data["count"] = x.size(0);
    return x.index_select(0, rows);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const Variable rows = context->get_saved_variables()[0];
    std::vector<int64_t> shape = gradients[0].sizes().vec();
    shape[0] = context->saved_data["count"].toInt();
    return {at::zeros(shape, gradients[0].options()).index_copy_(0, rows, gradients[0]),
            Variable()};
  }
};

}  // namespace

LayerRunner recomputing_runner() {
  const at::Tensor anchor = at::zeros({}).set_requires_grad(true);
  return [anchor](int64_t, const LayerFunction& layer, at::Tensor x) {
    return Recompute::apply(x, anchor, layer);
  };
}

at::Tensor select_unique_rows(const at::Tensor& x, const at::Tensor& rows) {
  return SelectRows::apply(x, rows);
}

}  // namespace vigor
