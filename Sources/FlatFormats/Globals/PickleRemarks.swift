internal import Pickle
internal import Tensors

/// Notes about the Python names that a pickle refers to, and about how it uses them.
enum PickleRemarks {
  /// The most notes of each kind; one more note counts the rest.
  private static let limit = 100

  /// - Parameter known: the effect of a name that the file's format has; nil for other names.
  static func of(
    _ tree: PickleTree, _ place: String, known: (PickleGlobal) -> GlobalClass? = { _ in nil }
  ) -> [FlatRemark] {
    var remarks: [FlatRemark] = []
    // TorchScript stores the source of its classes in the archive.
    let scripted = tree.globals.filter { $0.module == "__torch__" || $0.module.hasPrefix("__torch__.") }
    if !scripted.isEmpty {
      remarks.append(
        FlatRemark(
          .foreignGlobal, place, expected: "only names that rebuild tensors",
          found: "a TorchScript program of \(scripted.count) classes, which is not run", global: "__torch__.*"
        ))
    }
    let others = Set(scripted)
    var left: [FlatRemarkKind: Int] = [:]
    for global in tree.globals where !others.contains(global) {
      guard let kind = kind(known(global) ?? GlobalClass(global)) else { continue }
      left[kind, default: 0] += 1
      if left[kind, default: 0] <= limit { remarks.append(remark(global, kind, place)) }
    }
    for (kind, count) in left.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where count > limit {
      remarks.append(
        FlatRemark(
          kind, place, expected: "only names that rebuild tensors",
          found: "\(count - limit) more names of this kind"))
    }
    return remarks + deeds(tree, place)
  }

  private static func kind(_ meaning: GlobalClass) -> FlatRemarkKind? {
    switch meaning {
    case .tensors: nil
    case .data: .dataGlobal
    case .unknown: .foreignGlobal
    case .code: .codeGlobal
    }
  }

  private static func remark(_ global: PickleGlobal, _ kind: FlatRemarkKind, _ place: String) -> FlatRemark {
    let words =
      switch kind {
      case .dataGlobal: "which is harmless: it makes plain data"
      case .codeGlobal: "which can run code"
      default: "which is unknown"
      }
    return FlatRemark(
      kind, place, expected: "only names that rebuild tensors",
      found: "\(TensorName(global.description).quoted), \(words)", global: global.description)
  }

  /// Notes about ways to run code with names that are harmless by themselves.
  private static func deeds(_ tree: PickleTree, _ place: String) -> [FlatRemark] {
    func remark(_ expected: String, _ found: String) -> FlatRemark {
      FlatRemark(.codeGlobal, place, expected: expected, found: found)
    }
    var remarks = tree.changedGlobals.sorted { "\($0)" < "\($1)" }.prefix(limit).map {
      remark("a state of objects only", "one of \(TensorName($0.description).quoted) itself (BUILD)")
    }
    let calls = tree.callsOfResults
    if calls > 0 {
      remarks.append(
        remark(
          "calls of named functions only",
          "\(calls) \(calls == 1 ? "call" : "calls") of another call's result"))
    }
    remarks += tree.hookAttributes.map {
      remark("plain attributes in a state", "\(TensorName($0).quoted), which Python itself calls or follows")
    }
    return remarks
  }
}
