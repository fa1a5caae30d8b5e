internal import ByteFiles
internal import TensorStreams
internal import Tensors

extension SinkContents {
  /// Checks that the reader of a format finds these tensors in what was written, and no others.
  ///
  /// Readers have limits: lengths of names, sizes of headers and pickles, numbers of members. A writer that knew each of
  /// them would know them twice, so the reader itself is asked. It reads the header or the directory, no element.
  func requireReadable(_ file: ReadableFile, as kind: FlatFormatKind) throws(FlatFormatError) {
    let isNumPy = kind == .npz || kind == .npy
    // Raw bytes that `--opaque` asked for: a reader needs to be told what they are.
    if isNumPy, specs.contains(where: { NpyDType.text(of: $0.dtype) == nil }) { return }
    let found = try FlatFormats.open(file, as: kind, assumeDType: nil).tensors.map(\.spec)
    var places: [TensorName: TensorSpec] = [:]
    for spec in found { places[spec.name] = spec }
    for spec in specs {
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
}
