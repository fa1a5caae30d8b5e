package import ByteFiles
internal import Tensors

/// Recognises the index of a checkpoint, and finds it in a folder or by a prefix.
enum TensorFlowRecognition {
  /// Whether the file is an index: a table whose first key is empty, or a file of that name beside a data file.
  ///
  /// Other programs write such tables, too; the first key of theirs is not empty. They also use the name.
  static func matches(_ head: FileHead) -> Bool {
    if head.starts(with: [0, 0]), head.endsInTableMark { return true }
    guard head.path.hasSuffix(BundleName.indexSuffix), head.foreignContent == nil else { return false }
    let stem = BundleName.stem(ofIndex: SystemPath.bareName(of: head.path))
    let names = SystemPath.names(in: SystemPath.folder(of: head.path)) ?? []
    return names.contains { name in
      BundleName.stem(ofData: name).map { SystemPath.same($0, stem) } == true
    }
  }

  /// The path in the folder of the index to open: that of a SavedModel, or else the only one; nil for a folder with other
  /// weights or none.
  static func index(in folder: ShardFolder) throws(FlatFormatError) -> String? {
    let names = try folder.names()
    if names.contains(where: { ShardName.isIndex($0) || $0.hasSuffix(ShardName.suffix) }) { return nil }
    func refusal(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(.tensorflowFolder, path: folder.path, place: "folder", expected: expected, found: found)
    }
    if names.contains("saved_model.pb") || names.contains("saved_model.pbtxt") {
      let index = "variables/variables.index"
      guard SystemPath.status(folder.file(index)) != nil else {
        throw refusal(
          "\(TensorName(index).quoted) beside the SavedModel's graph",
          "none: constants in the graph are not read")
      }
      return index
    }
    let indexes = names.filter { name in
      guard name.hasSuffix(BundleName.indexSuffix) else { return false }
      return (try? ReadableFile(path: folder.file(name), isInput: false)).map { matches(FileHead(of: $0)) }
        == true
    }
    if indexes.count > 1 {
      throw refusal(
        "one checkpoint, or the path of its index",
        "\(indexes.count) of them, such as \(TensorName(indexes[0]).quoted)")
    }
    return indexes.first
  }
}

extension FileHead {
  /// The file's role in a checkpoint or a graph of TensorFlow, and the file to give instead; nil for other files.
  var tensorFlowPart: String? {
    let name = SystemPath.bareName(of: path)
    if SystemPath.same(name, "saved_model.pb") {
      return "the graph of a SavedModel, whose variables are in 'variables/variables.index'"
    }
    if let stem = BundleName.stem(ofData: name) {
      return
        "the data of a TensorFlow checkpoint, which \(TensorName(stem + BundleName.indexSuffix).quoted) describes"
    }
    if starts(with: "model_checkpoint_path:") {
      let path = String(decoding: bytes, as: UTF8.self).split(separator: "\"", maxSplits: 2).dropFirst().first
      let index = path.map { "\(TensorName($0 + BundleName.indexSuffix).quoted), which it names" }
      return "TensorFlow's list of checkpoints; give \(index ?? "the .index that it names")"
    }
    // Both graphs are protobuf messages. The first field of one is its nodes, that of the other describes it.
    guard bytes.first == 0x0A else { return nil }
    if name.hasSuffix(".meta") {
      let index = String(name.dropLast(".meta".count)) + BundleName.indexSuffix
      return "the graph of a TensorFlow checkpoint, whose variables are in \(TensorName(index).quoted)"
    }
    if name.hasSuffix(".pb"), ["Const", "Placeholder"].contains(where: contains) {
      return
        "a graph of TensorFlow, whose constants are not read; 'python -m tf2onnx.convert --graphdef FILE "
        + "--inputs X:0 --outputs Y:0 --output OUT.onnx' makes an ONNX model of it"
    }
    return nil
  }
}

extension FlatFormats {
  /// The role of a file of no known format in the weights of another program, and the file to give or the command to run
  /// instead; nil for other files.
  package static func partInWords(_ file: ReadableFile) -> String? {
    let head = FileHead(of: file)
    return head.tensorFlowPart ?? (head.isTFLite ? head.foreignContent : nil)
  }

  /// The path of the index of a checkpoint that TensorFlow names by its prefix: `X.index` for `X`; nil if `path` is there
  /// itself, or if there is no such index.
  package static func index(ofPrefix path: String) -> String? {
    let index = path + BundleName.indexSuffix
    guard SystemPath.linkStatus(path) == nil, SystemPath.linkStatus(index) != nil,
      let file = try? ReadableFile(path: index, isInput: false), recognise(file) == .tensorflow
    else { return nil }
    return index
  }
}
