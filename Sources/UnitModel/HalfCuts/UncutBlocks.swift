internal import Tensors

/// Numbered blocks that a plan leaves whole although it cuts others with the same names and shapes.
///
/// This happens if a plan for a small model of a family is applied to a large one, which also has all these names.
/// Names prove nothing, and the plan may intend it, so this is a note.
package struct UncutBlocks: Hashable, Sendable, CustomStringConvertible {
  /// For each block, the beginning of its tensors' names, in the order of the file.
  package let names: [String]
  /// The number of tensors in these blocks.
  package let tensorCount: Int
  /// A cut block with the same names and shapes as the first.
  package let example: String

  /// One sentence.
  package var description: String {
    let shown = names.prefix(3).map { TensorName($0).quoted }.joined(separator: ", ")
    let more = names.count > 3 ? " and \(names.count - 3) more" : ""
    let (blocks, are) = names.count == 1 ? ("block", "is") : ("blocks", "are")
    return "\(names.count) \(blocks) with \(tensorCount) tensors \(are) left whole, though "
      + "\(TensorName(example).quoted) and the like, with the same names and shapes, are cut: \(shown)\(more); "
      + "is this plan for another model?"
  }
}

extension ResolvedPlan {
  /// The blocks that are left whole although others like them are cut; nil if there are none. The time is linear in the
  /// bytes of names.
  package var uncutBlocks: UncutBlocks? {
    var order: [String] = []
    var blocks: [String: NumberedBlock] = [:]
    for tensor in partition.tensors {
      for (name, family, rest) in NumberedBlock.blocks(of: tensor.spec.name.text) {
        if blocks[name] == nil { order.append(name) }
        blocks[name, default: NumberedBlock(family: family)].add(tensor, named: rest)
      }
    }
    var examples: [NumberedBlock.Kind: String] = [:]
    for name in order {
      guard let block = blocks[name], block.isCut, examples[block.kind] == nil else { continue }
      examples[block.kind] = name
    }
    let uncut = order.compactMap { name in
      blocks[name].flatMap { block in
        block.isCut || block.modules.count < 2
          ? nil : examples[block.kind].map { (name: name, count: block.kind.tensors.count, example: $0) }
      }
    }
    guard let first = uncut.first else { return nil }
    return UncutBlocks(
      names: uncut.map(\.name), tensorCount: uncut.reduce(0) { $0 + $1.count }, example: first.example)
  }
}

/// The tensors whose names have the same beginning, up to a component that is a number.
private struct NumberedBlock {
  /// The properties that are equal in blocks of the same kind.
  struct Kind: Hashable {
    struct Member: Hashable {
      let name: String
      let shape: [Int]
    }

    /// The name of the block without its number.
    let family: String
    var tensors: Set<Member> = []
  }

  var kind: Kind
  /// The names of its tensors without their last component. If there is only one, it is a layer in a chain, not a
  /// block.
  var modules: Set<String> = []
  var isCut = false

  init(family: String) { kind = Kind(family: family) }

  mutating func add(_ tensor: TensorPlacement, named rest: String) {
    kind.tensors.insert(Kind.Member(name: rest, shape: tensor.spec.shape))
    modules.insert(rest.lastIndex { $0 == "." || $0 == "/" }.map { String(rest[..<$0]) } ?? "")
    if !tensor.isInEveryNetwork { isCut = true }
  }

  /// The blocks of a tensor, for the first three numbers in its name; more would take time that grows with the square
  /// of its length.
  static func blocks(of name: String) -> [(name: String, family: String, rest: String)] {
    var found: [(name: String, family: String, rest: String)] = []
    var start = name.startIndex
    while found.count < 3, let end = name[start...].firstIndex(where: { $0 == "." || $0 == "/" }) {
      if start < end, name[start..<end].allSatisfy({ $0.isASCII && $0.isNumber }) {
        found.append(
          (String(name[..<end]), String(name[..<start]), String(name[name.index(after: end)...])))
      }
      start = name.index(after: end)
    }
    return found
  }
}
