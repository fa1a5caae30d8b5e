/// The parsers that read files from others; a new parser needs a case, and its exercise in the switch.
enum FuzzedParser: String, CaseIterable, Sendable {
  case safetensors, shards, npy, zip, pytorch, onnx, plan, toml, hdf5, checkpoint, keras, gguf, dcp, flax
  case tensorflow

  /// Does with `bytes` what the commands do with a file. Errors are allowed; a trap, a hang, a read outside memory or a
  /// broken promise (`require`) is a finding.
  func exercise(_ bytes: [UInt8]) {
    switch self {
    case .safetensors: SafetensorsExercise.run(bytes)
    case .shards: ShardsExercise.run(bytes)
    case .npy: NpyExercise.run(bytes)
    case .zip: ZipExercise.run(bytes)
    case .pytorch: PyTorchExercise.run(bytes)
    case .onnx: ONNXExercise.run(bytes)
    case .plan: PlanExercise.run(bytes)
    case .toml: TOMLExercise.run(bytes)
    case .hdf5: HDF5ReaderExercise.run(bytes)
    case .checkpoint: CheckpointFileExercise.run(bytes)
    case .keras: KerasExercise.run(bytes)
    case .gguf: GGUFExercise.run(bytes)
    case .dcp: DistributedExercise.run(bytes)
    case .flax: FlaxExercise.run(bytes)
    case .tensorflow: TensorFlowExercise.run(bytes)
    }
  }
}

/// Checks a promise that holds for every input; a broken one ends the process, which libFuzzer reports.
func require(_ holds: Bool, _ promise: @autoclosure () -> String) {
  precondition(holds, promise())
}

/// Checks that an error is one line of text.
func requireSentence(_ error: any Error) {
  let text = "\(error)"
  require(!text.isEmpty && !text.contains("\n") && !text.contains("\0"), "one line: \(text.debugDescription)")
}
