internal import ONNXGraph

extension FlowCall {
  /// One label for channels that can only be cut together; nil if there are none.
  ///
  /// - Parameters:
  ///   - word: what they are together, for messages.
  ///   - expected: what a plan must hold, if they are partly whole.
  func merged(
    _ members: [ChannelLabel], each word: String, isCutAlike expected: String
  ) throws(FlowError) -> ChannelLabel? {
    if members.contains(where: { labels.find($0) == 0 }) {
      fix(members, "\(node.shown) has a \(word) with channels that are whole")
    }
    guard var label = members.first else { return nil }
    for other in members {
      guard let joined = labels.join(label, other) else {
        throw refusal("\(word)s of \(labels.words(label))", labels.words(other))
      }
      label = joined
    }
    if labels.isChecking, members.contains(where: { ($0 == 0) != (label == 0) }) {
      throw refusal(expected, "a \(word) that is partly whole")
    }
    return label
  }
}
