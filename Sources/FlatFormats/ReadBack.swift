internal import ByteFiles
internal import TensorStreams
internal import Tensors

extension SinkContents {
  /// Writes everything to disk and renames the file to its path, if the format's reader finds the tensors in it.
  ///
  /// - Parameter keepsNames: whether the reader must find the tensors under their own names.
  func commit(
    _ writer: SequentialWriter, as kind: FlatFormatKind, keepsNames: Bool = true
  ) throws(FlatFormatError) {
    try requireReadable(
      try asFlatFormat { () throws(FileError) in try writer.readable() }, as: kind, keepsNames: keepsNames)
    try asFlatFormat { () throws(FileError) in try writer.commit() }
  }

  /// Checks that the reader of a format finds exactly these tensors in the written file.
  ///
  /// Readers have limits: lengths of names, sizes of headers and pickles, numbers of members. This calls the reader
  /// itself, so a writer need not repeat the limits. The header or the directory is read, but no element.
  private func requireReadable(
    _ file: ReadableFile, as kind: FlatFormatKind, keepsNames: Bool
  ) throws(FlatFormatError) {
    let isNumPy = kind == .npz || kind == .npy
    // With `--opaque`, raw bytes are written; a reader then needs the dtype from the user.
    if isNumPy, specs.contains(where: { NpyDType.text(of: $0.dtype) == nil }) { return }
    let source: any FlatWeightsSource
    if let open = FlatFormats.format(of: kind).openWritten {
      source = try open(file)
    } else {
      source = try FlatFormats.open(file, as: kind, named: specs)
    }
    let found = try readAgain(source)
    var places: [TensorName: TensorSpec] = [:]
    for spec in found { places[spec.name] = spec }
    for spec in specs where keepsNames {
      // An npy has no name for its one array.
      let read = kind == .npy ? found.first : places[spec.name]
      if read?.dtype == spec.dtype, read?.shape == spec.shape { continue }
      throw refusal(
        .sinkUnreadable, "tensor \(spec.name.quoted)",
        expected: "\(spec.dtype.rawValue) \(spec.shapeText) under this name when the file is read again",
        found: read.map { "\($0.dtype.rawValue) \($0.shapeText)" } ?? "none: the format cannot keep this name"
      )
    }
    guard found.count == specs.count else {
      throw refusal(
        .sinkUnreadable, "file", expected: "\(specs.count) tensors when it is read again",
        found: "\(found.count)")
    }
  }

  /// The tensors of the written file. Throws if it has another optimizer's state.
  private func readAgain(_ source: any FlatWeightsSource) throws(FlatFormatError) -> [TensorSpec] {
    guard let optimizer else { return source.tensors.map(\.spec) }
    let again = try source.optimizer()?.naming(optimizer.parameters.map { $0.name ?? "" })
    // Keys that the file cannot repeat are others, which changes no value.
    guard let again, again.state.parameters == optimizer.parameters, again.state.groups == optimizer.groups,
      again.state.others == optimizer.others
    else {
      throw refusal(
        .sinkUnreadable, "optimizer", expected: "the same state when the file is read again",
        found: again == nil ? "none" : "another")
    }
    return (hasWeights ? source.tensors.map(\.spec) : []) + again.tensors.map(\.spec)
  }
}
