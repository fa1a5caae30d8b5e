/// The parsers that read what strangers write; a new one needs a case, and its exercise in the switch.
enum FuzzedParser: String, CaseIterable, Sendable {
  case safetensors, shards, npy, zip, pytorch, onnx, plan, hdf5, checkpoint

  /// Does with `bytes` what the commands do with a file. Errors are outcomes; a trap, a hang, a read outside memory or
  /// a broken promise (`require`) is a finding.
  func exercise(_ bytes: [UInt8]) {
    switch self {
    case .safetensors: SafetensorsExercise.run(bytes)
    case .shards: ShardsExercise.run(bytes)
    case .npy: NpyExercise.run(bytes)
    case .zip: ZipExercise.run(bytes)
    case .pytorch: PyTorchExercise.run(bytes)
    case .onnx: ONNXExercise.run(bytes)
    case .plan: PlanExercise.run(bytes)
    case .hdf5: HDF5ReaderExercise.run(bytes)
    case .checkpoint: CheckpointFileExercise.run(bytes)
    }
  }
}

/// A promise that holds for every input; one that does not ends the process, which is what libFuzzer looks for.
func require(_ holds: Bool, _ promise: @autoclosure () -> String) {
  precondition(holds, promise())
}

/// What every error has to be: one sentence with what was expected and what was found.
func requireSentence(_ error: any Error) {
  let text = "\(error)"
  require(!text.isEmpty && !text.contains("\n") && !text.contains("\0"), "one line: \(text.debugDescription)")
}
