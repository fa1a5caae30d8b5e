internal import ByteFiles
public import TensorStreams

extension LeftOut {
  /// A pattern for the other files of a model, if the name of one of its files is numbered. Returns nil for other
  /// names, and for a model with one file.
  ///
  /// The name alone decides. Only for `consolidated.00.pth`, whose name does not say how many files there are, the folder
  /// is listed.
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
        "\(others) other \(others == 1 ? "file" : "files") of the same model, by the name of this one"
          + (suffix == ShardName.suffix ? "; the folder holds the whole model" : ""),
        .elsewhere)
      return
    }
    guard Self.isConsolidated(name), let names = SystemPath.names(in: SystemPath.folder(of: path)) else {
      return nil
    }
    let others = names.count { Self.isConsolidated($0) && !SystemPath.same($0, name) }
    guard others > 0 else { return nil }
    self.init(
      "consolidated.*.pth",
      "\(others) other \(others == 1 ? "file" : "files") of the same model, by the names in the folder; each of them "
        + "has a part of every large tensor",
      .elsewhere)
  }

  /// Whether a file has the name of one model-parallel part of a Llama model: `consolidated.00.pth`.
  private static func isConsolidated(_ name: String) -> Bool {
    let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 3 && parts[0].elementsEqual("consolidated".utf8) && parts[1].count == 2
      && parts[1].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      && parts[2].elementsEqual("pth".utf8)
  }
}

extension Substring {
  /// The longest suffix whose characters all satisfy `isKept`.
  fileprivate func suffix(while isKept: (Character) -> Bool) -> Substring {
    self[(lastIndex { !isKept($0) }.map { index(after: $0) } ?? startIndex)...]
  }
}
