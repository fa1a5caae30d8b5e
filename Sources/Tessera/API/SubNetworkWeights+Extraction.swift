internal import FlatFormats
internal import SubNetworks
internal import UnitCheckpoints

extension SubNetworkWeights {
  /// Writes the sub-network as an ordinary, smaller model: safetensors, npz, PyTorch, GGUF or, with a graph, ONNX. A path that
  /// ends in `/` is a model's folder: the weights, config.json with the new sizes, and the other files.
  ///
  /// For the task of an added input, only its own tensors are written, as the file or the folder that was added.
  ///
  /// The file appears whole or not at all, and replaces a file of the same name.
  ///
  /// - Parameters:
  ///   - path: the file to write; the ending of its name sets the format.
  ///   - progress: receives progress reports.
  /// - Throws: `TesseraError`, or `CancellationError` if the task is cancelled; no partial file remains.
  public func extract(
    to path: String, progress: @escaping ProgressHandler = { _ in }
  ) async throws {
    try await LongWork.perform { check in
      guard let kind = Extracting.kind(forName: path) else {
        throw TesseraError(
          .request,
          "\(path): expected a name that ends in \(FlatFormats.endings(for: .subNetwork)), found another ending"
        )
      }
      try LongWork.requireApart(path, from: [checkpoint.file.path])
      if kind == .onnx {
        guard let graph = try checkpoint.file.opened.network else {
          throw TesseraError(
            .request, "\(checkpoint.file.path): expected a checkpoint with a graph, found one without")
        }
        _ = try GraphExtraction(subNetwork, of: checkpoint.stored, graph, plan: checkpoint.resolved)
          .write(to: path) { done, total in
            try check()
            progress(WorkProgress(completed: done, total: total))
          } accept: { added, unused in
            try choice.requireFit(
              of: subNetwork.network, with: added, without: unused, checkpoint.resolved)
          }
        return
      }
      if let own = try AddedExtraction(
        subNetwork, of: checkpoint.stored, as: kind, at: path, isOpaque: false)
      {
        return try own.write { done in
          try check()
          progress(WorkProgress(completed: done, total: own.byteCount))
        }
      }
      let extracting = try Extracting(
        subNetwork, of: checkpoint.stored, as: kind, at: path, isOpaque: false)
      try extracting.write { done in
        try check()
        progress(WorkProgress(completed: done, total: extracting.byteCount))
      }
    }
  }
}
