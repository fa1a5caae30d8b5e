internal import ByteFiles
public import TensorStreams

extension LeftOut {
  /// A pattern for the other files of a model, if the name of one of its files is numbered. Returns nil for other
  /// names, and for a model with one file.
  public init?(othersOf path: String) {
    let name = SystemPath.bareName(of: path)
    for suffix in [ShardName.suffix, ".bin", ".gguf"] where name.hasSuffix(suffix) {
      let plain = name.dropLast(suffix.count) + ShardName.suffix
      guard let parts = ShardName.parts(of: String(plain)), parts.count > 1,
        (1...parts.count).contains(parts.number)
      else { continue }
      let others = parts.count - 1
      let digits = name.dropLast(suffix.count).suffix(while: \.isNumber)
      self.init(
        "\(parts.stem)-*-of-\(digits)\(suffix)",
        "\(others) other \(others == 1 ? "file" : "files") of the same model, by the name of this one; the folder "
          + "holds the whole model")
      return
    }
    return nil
  }
}

extension Substring {
  /// The longest suffix whose characters all satisfy `isKept`.
  fileprivate func suffix(while isKept: (Character) -> Bool) -> Substring {
    self[(lastIndex { !isKept($0) }.map { index(after: $0) } ?? startIndex)...]
  }
}
