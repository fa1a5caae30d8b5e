internal import ByteFiles
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

extension FlatFormats {
  /// What a file is to a checkpoint of TensorFlow, by its name; nil if it is no part of one.
  package static func partInWords(_ path: String) -> String? {
    if SystemPath.same(SystemPath.bareName(of: path), "saved_model.pb") {
      return "the graph of a SavedModel, whose variables are in 'variables/variables.index'"
    }
    return BundleName.stem(ofData: SystemPath.bareName(of: path)).map { stem in
      "the data of a TensorFlow checkpoint, which \(TensorName(stem + BundleName.indexSuffix).quoted) describes"
    }
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
