extension TorchNames {
  /// The usual keys of a model in a training checkpoint.
  static let wrappers: Set<String> = [
    "state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights", "params",
  ]

  /// Keys beside a model whose tensors are never weights: counters, scores, schedulers, states of random numbers.
  static let besides: Set<String> = [
    "callbacks", "loops", "epoch", "epochs", "step", "steps", "global_step", "iteration", "iterations",
    "iter",
    "rng", "rng_state", "rng_states", "random_state", "random_states", "random_rng_state", "torch_rng_state",
    "cpu_rng_state", "cuda_rng_state", "cuda_rng_state_all", "cuda_rng_states", "np_rng_state",
    "numpy_rng_state", "python_rng_state", "scheduler", "schedulers", "lr_scheduler", "lr_schedulers",
    "scheduler_state_dict", "lr_scheduler_state_dict", "scaler", "grad_scaler", "scaler_state_dict", "amp",
    "metrics", "losses",
  ]

  /// Whether a single tensor with this key is a score: `best_acc1`, `loss`, `val_loss`.
  static func isScore(_ key: String) -> Bool {
    key == "loss" || key.hasPrefix("best_") || key.hasSuffix("_loss")
  }
}
