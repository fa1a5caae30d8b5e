/// Paths in the form of Keras 3.
enum KerasPaths {
  /// Whether a name is the path of a layer's variable: `layers/dense/vars/0`.
  static func isNumbered(_ name: String) -> Bool {
    let steps = name.split(separator: "/", omittingEmptySubsequences: false)
    return steps.count >= 2 && steps[steps.count - 2] == "vars" && steps.allSatisfy { !$0.isEmpty }
      && steps[steps.count - 1].allSatisfy { ("0"..."9").contains($0) }
  }
}
