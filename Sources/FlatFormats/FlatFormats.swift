public import ByteFiles
public import Tensors

/// The formats of flat weights: what a file is, opening it, writing one.
public enum FlatFormats {
  /// The format of `file`: by its first bytes, or, where they say nothing, by the end of its name; nil for neither.
  public static func recognise(_ file: ReadableFile) -> FlatFormatKind? {
    let head = FileHead(of: file)
    if let format = registry.first(where: { $0.matches(head) }) { return format.kind }
    // A name does not make a picture a tensor: what is clearly something else is not opened by its name.
    if head.foreignContent != nil { return nil }
    return registry.first { format in head.hasSuffix(format.suffix) }?.kind
  }

  /// Opens `file` after checking its header or directory whole.
  ///
  /// `assumeDType` says what the elements of a NumPy array are whose own dtype is only a width (`|V2`, `|V1`), as
  /// NumPy writes BF16 and FP8.
  public static func open(_ file: ReadableFile, assumeDType: DType?) throws(FlatFormatError)
    -> any FlatWeightsSource
  {
    guard let kind = recognise(file) else {
      let names = registry.map(\.kind.rawValue).joined(separator: ", ")
      throw .refused(
        .notRecognised, path: file.path, place: "first bytes", expected: "one of the formats \(names)",
        found: FileHead(of: file).contentInWords)
    }
    return try open(file, as: kind, assumeDType: assumeDType)
  }

  /// Opens `file` as `kind`, whatever its name says.
  public static func open(_ file: ReadableFile, as kind: FlatFormatKind, assumeDType: DType?)
    throws(FlatFormatError) -> any FlatWeightsSource
  {
    try format(of: kind).open(file, assumeDType)
  }

  /// Begins the file `path` with tensors of these specs; nothing is there under that name before `finish`.
  ///
  /// - `ties`: names that repeat another; every tensor is written in full, and the ties go to the format's metadata.
  /// - `metadata`: free text for safetensors; npz and npy have no place for it.
  /// - `verbatim`: of a safetensors source, to make the same file again: the header is checked against `specs`
  ///   and written as it is, and `ties` and `metadata` are what it says. Other formats have none.
  /// - `opaque`: lets npz and npy hold BF16, FP8 and sub-byte tensors as raw bytes without their dtype.
  public static func sink(
    kind: FlatFormatKind, path: String, specs: [TensorSpec], ties: [TensorTie] = [],
    metadata: [(key: String, value: String)] = [], verbatim: [UInt8]? = nil, opaque: Bool = false
  ) throws(FlatFormatError) -> any FlatWeightsSink {
    let contents = SinkContents(
      path: path, specs: specs, ties: ties, metadata: metadata, verbatim: verbatim, opaque: opaque)
    try contents.check()
    return try format(of: kind).sink(contents)
  }

  /// The free text in a stored header of a safetensors file whose tensors take `bodySize` bytes.
  ///
  /// - Parameter path: names the file that holds the header in messages.
  public static func metadata(
    ofVerbatim header: [UInt8], path: String, bodySize: Int
  ) throws(FlatFormatError) -> [(key: String, value: String)] {
    try SafetensorsSource.parse(header, path: path, bodySize: bodySize).metadata
  }

  /// Checks that a header that was stored away can be written again before exactly these tensors.
  ///
  /// `path` stands for the file in the error. Formats that keep no header have nothing to check.
  public static func checkVerbatim(
    _ header: [UInt8], of kind: FlatFormatKind, describes specs: [TensorSpec], path: String
  ) throws(FlatFormatError) {
    guard kind == .safetensors else { return }
    let contents = SinkContents(
      path: path, specs: specs, ties: [], metadata: [], verbatim: header, opaque: false)
    _ = try SafetensorsSink.order(ofVerbatim: header, contents)
  }

  /// The format whose files usually end like `path`, for choosing what to write.
  public static func kind(forName path: String) -> FlatFormatKind? {
    registry.first { path.lowercased().hasSuffix($0.suffix) }?.kind
  }
}
