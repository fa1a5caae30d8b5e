internal import ByteFiles
internal import ONNXGraph
internal import TensorStreams
internal import Tensors

extension ONNXSource {
  /// The most bytes of a model's files, in total, that a checkpoint stores.
  private static let limit = 64 << 20

  /// The model's files without their tensors' elements; nil if what remains exceeds the limit.
  func hollowFiles() throws(FlatFormatError) -> [HollowFile]? {
    var holes: [TensorHole] = []
    var others: [String: [TensorHole]] = [:]
    for (index, named) in constants.enumerated() {
      let constant = named.constant
      guard constant.byteCount > 0, tensors[index].spec.byteCount == constant.byteCount else { continue }
      switch constant.payload {
      case .raw(let range):
        holes.append(.init(position: range.lowerBound, count: constant.byteCount, tensor: index))
      case .typed(let field):
        if let start = try packedFloats(constant, field) {
          holes.append(.init(position: start, count: constant.byteCount, tensor: index))
        }
      case .external(let data):
        others[data.location, default: []].append(
          .init(position: data.offset, count: constant.byteCount, tensor: index))
      // A few numbers in a node's attributes stay in the file.
      case .held, .supplied: continue
      }
    }
    var files: [HollowFile] = []
    guard let main = try hollow(file, nil, holes) else { return nil }
    files.append(main)
    for (name, list) in others.sorted(by: { $0.key < $1.key }) {
      // A file that could not be written again is refused before anything is written.
      guard HollowFile.isBeside(name) else {
        throw .broken(
          .graph(.external), path: path, place: "external data",
          expected: "a path without hidden folders or files", found: TensorName(name).quoted)
      }
      let opened = try asFlatFormat { () throws(FileError) in
        try ReadableFile(named: name, within: folder)
      }
      guard let other = try hollow(opened, name, list) else { return nil }
      files.append(other)
    }
    return files.reduce(0) { $0 + $1.bytes.count } <= Self.limit ? files : nil
  }

  private var folder: String {
    SystemPath.folder(of: file.path)
  }

  /// The position of a typed tensor's elements, if they have the same bytes in memory: floats in one packed field.
  private func packedFloats(_ constant: TensorConstant, _ field: Int) throws(FlatFormatError) -> Int? {
    guard [.float, .double].contains(constant.type) else { return nil }
    return try asFlatFormat { () throws(GraphError) in
      var reader = WireReader(WireFile(file), constant.message)
      while let next = try reader.next() {
        guard next.number == field else { continue }
        guard case .bytes(let range) = next.value, range.count == constant.byteCount else { return nil }
        return range.lowerBound
      }
      return nil
    }
  }

  private func hollow(
    _ file: ReadableFile, _ name: String?, _ holes: [TensorHole]
  ) throws(FlatFormatError) -> HollowFile? {
    var kept: [TensorHole] = []
    var bytes: [UInt8] = []
    var position = 0
    func keep(to end: Int) throws(FlatFormatError) -> Bool {
      guard end - position <= Self.limit - bytes.count else { return false }
      bytes += try asFlatFormat { () throws(FileError) in try file.bytes(at: position, count: end - position)
      }
      return true
    }
    for hole in holes.sorted(by: { ($0.position, $0.tensor) < ($1.position, $1.tensor) })
    // If several tensors share bytes, the first one gets the hole.
    where hole.position >= position {
      guard try keep(to: hole.position) else { return nil }
      kept.append(hole)
      position = hole.position + hole.count
    }
    guard try keep(to: file.size) else { return nil }
    return HollowFile(name: name, bytes: bytes, holes: kept)
  }
}
