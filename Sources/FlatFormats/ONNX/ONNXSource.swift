internal import ByteFiles
package import ONNXGraph
internal import TensorStreams
internal import Tensors

/// The weights of an ONNX model: initializers and constants of all its graphs.
final class ONNXSource: FlatWeightsSource {
  let kind = FlatFormatKind.onnx
  let tensors: [SourceTensor]
  let metadata: [(key: String, value: String)]
  let file: ReadableFile
  let model: Model
  let constants: [NamedConstant]
  let remarks: [FlatRemark]
  let leftOut: [LeftOut]
  private let external: ExternalFiles

  var path: String { file.path }
  var verbatim: [UInt8]? { nil }
  /// The model and the files of its external data.
  var files: [String] { [file.path] + external.all.map(\.path).sorted() }

  convenience init(_ file: ReadableFile) throws(FlatFormatError) {
    try self.init(try asFlatFormat { () throws(GraphError) in try Model(file) })
  }

  /// The weights of a model that has been decoded.
  init(_ model: Model) throws(FlatFormatError) {
    let file = model.file
    let (constants, others) = try asFlatFormat { () throws(GraphError) in
      (try model.constants(), try model.otherConstants())
    }
    var tensors: [SourceTensor] = []
    for named in constants {
      let place = "tensor \(named.name.quoted)"
      guard let dtype = named.constant.type.dtype else {
        // Tensors of text stay in the graph and are not constants.
        throw .broken(
          .graph(.dtype), path: file.path, place: place, expected: "numbers", found: named.constant.type.name)
      }
      do throws(TensorError) {
        tensors.append(
          SourceTensor(
            spec: try TensorSpec(name: named.name, dtype: dtype, shape: named.constant.shape), tiedTo: nil))
      } catch {
        throw .broken(
          .graph(.shape), path: file.path, place: place, expected: "elements that fill whole bytes",
          found: "\(dtype.rawValue) \(named.constant.shape)")
      }
    }
    self.file = file
    self.model = model
    self.constants = constants
    self.tensors = tensors
    metadata = model.metadata
    leftOut = others.map { LeftOut($0.name.text, $0.words, .keptInGraph) }
    remarks = model.graphDefects.map {
      FlatRemark(.graphOrder, $0.place, expected: $0.expected, found: $0.found)
    }
    external = ExternalFiles(of: file)
    // The positions of external data are a part of the header, so they are checked with it.
    for named in constants { _ = try reader(of: named) }
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard constants.indices.contains(index) else { throw noSuchTensor(index) }
    return Reader(try reader(of: constants[index]), tensors[index].spec, path)
  }

  private func reader(of named: NamedConstant) throws(FlatFormatError) -> ConstantReader {
    try asFlatFormat { () throws(GraphError) in
      try ConstantReader(named.constant, file: file, external: external)
    }
  }

  private final class Reader: TensorByteReader {
    private let reader: ConstantReader
    private let spec: TensorSpec
    private let path: String
    private(set) var remaining: Int

    init(_ reader: ConstantReader, _ spec: TensorSpec, _ path: String) {
      self.reader = reader
      self.spec = spec
      self.path = path
      remaining = spec.byteCount
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
      guard buffer.count <= remaining else {
        throw .readPastEnd(of: spec.name, in: path, left: remaining, asked: buffer.count)
      }
      try asFlatFormat { () throws(GraphError) in try reader.read(into: buffer) }
      remaining -= buffer.count
    }
  }

  static let format = FlatFormat(
    kind: .onnx, name: "ONNX", suffix: ".onnx", uses: [.conversion, .subNetwork],
    matches: ONNXHead.matches,
    open: { file, _ throws(FlatFormatError) in try ONNXSource(file) },
    sink: { contents throws(FlatFormatError) in
      if let files = contents.hollowFiles {
        return try HollowSink(contents, files, as: .onnx, breaking: .onnxWrite)
      }
      throw contents.refusal(
        .onnxWrite, "file", expected: "a format that holds tensors alone, such as .safetensors or .npz",
        found: "ONNX, which needs a graph")
    })
}

/// Recognises a model by its first bytes: protobuf has no magic number.
enum ONNXHead {
  /// Whether the bytes begin with an IR version and another field of a model.
  static func matches(_ head: FileHead) -> Bool {
    let bytes = head.bytes
    guard bytes.count >= 3, bytes[0] == 0x08, (1...64).contains(bytes[1]) else { return false }
    // A SavedModel of TensorFlow begins with its version and a message, where a model has the name of a producer.
    if bytes[2] == 0x12, let text = bytes.dropFirst(3).drop(while: { $0 >= 0x80 }).dropFirst().first,
      text < 0x20
    {
      return false
    }
    // producer_name, producer_version, domain, model_version, doc_string, graph, opset_import, metadata_props.
    return [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72].contains(bytes[2])
  }
}

extension FlatWeightsSource {
  /// The graph that was decoded to find the weights; nil for formats without a graph.
  package var graph: Model? { (self as? ONNXSource)?.model }
}
