/// The tensors of a file that are an optimizer's state, by their names: `optimizer.state.<parameter>.<moment>`, as
/// `torch.distributed.checkpoint` flattens them.
///
/// A name alone proves nothing: the parameter must be a tensor of the file, too.
public struct OptimizerNames: Sendable {
  /// The start of all names.
  public static let prefix = "optimizer."
  /// The start of the names of a parameter's state.
  public static let statePrefix = "optimizer.state."
  private static let otherPrefixes = ["optimizer.param_groups.", "optimizer.other."]
  /// A moment's name has one component in most optimizers; lists have two or three.
  private static let componentLimit = 8

  /// The number of the parameter of each tensor of a parameter's state.
  public let parameters: [Int: Int]
  /// The numbers of all tensors of the state.
  public let members: Set<Int>

  /// Finds them among the names of all tensors of a file.
  public init(_ names: [TensorName]) {
    let candidates = names.indices.filter { names[$0].text.utf8.starts(with: Self.statePrefix.utf8) }
    guard !candidates.isEmpty else {
      (parameters, members) = ([:], [])
      return
    }
    let places = Dictionary(
      names.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    var parameters: [Int: Int] = [:]
    for number in candidates {
      parameters[number] = Self.parameter(of: names[number], among: places)
    }
    self.parameters = parameters
    var members = Set(parameters.keys)
    if !members.isEmpty {
      for (number, name) in names.enumerated()
      where Self.otherPrefixes.contains(where: { name.text.utf8.starts(with: $0.utf8) }) {
        members.insert(number)
      }
    }
    self.members = members
  }

  /// The longest name of a tensor that follows the prefix and is followed by a moment's name.
  private static func parameter(of name: TensorName, among places: [TensorName: Int]) -> Int? {
    var rest = Array(name.text.utf8.dropFirst(statePrefix.utf8.count))
    for _ in 0..<componentLimit {
      guard let dot = rest.lastIndex(of: UInt8(ascii: ".")) else { return nil }
      rest.removeSubrange(dot...)
      if let place = places[TensorName(String(decoding: rest, as: UTF8.self))] { return place }
    }
    return nil
  }

  /// The numbers of the other tensors, ascending.
  public func others(of count: Int) -> [Int] { (0..<count).filter { !members.contains($0) } }

  /// Whether a tensor of the state has an element for each element of the parameter, so that it is cut like it.
  public static func isOwn(_ tensor: TensorSpec, of parameter: TensorSpec) -> Bool {
    tensor.shape == parameter.shape
  }

  /// Whether a tensor of the state cannot follow a smaller parameter: it is neither a number nor cut like it.
  public static func isForeign(_ tensor: TensorSpec, of parameter: TensorSpec) -> Bool {
    !isOwn(tensor, of: parameter) && tensor.elementCount != 1
  }
}
