internal import Tensors
public import UnitModel

/// The layers of a network, each with the elements of its blocks, for reports.
///
/// A layer is a module: the tensors whose names differ only after the last dot or slash. A private tensor is in the
/// layer that its name in the graph belongs to. Modules of a graph that only have whole buffers and scalars, such as
/// shapes, indices and factors, are one layer. Layers with the same numbers share a kind, because a model of thousands
/// of tensors has few kinds of layers.
public struct LayerStack: Sendable {
  /// The numbers of elements of a layer. Tied tensors count once for each name.
  public struct Kind: Hashable, Sendable {
    /// For each unit, the elements that need this unit and no other; nil if no tensor of the layer is cut.
    public internal(set) var units: [Int]?
    /// The elements between the unit of the first cut dimension (rows) and that of the second one (columns); the
    /// diagonal is `units`. Nil if no element is between units, or if there are more than `gridLimit` units.
    public internal(set) var grid: [[Int]]?
    /// The elements that need two or more units.
    public internal(set) var interconnection = 0
    /// The elements between units that are not in the grid, because they need more than two units.
    public internal(set) var beyond = 0
    /// The elements that every sub-network has.
    public internal(set) var whole = 0
    /// The elements of private tensors.
    public internal(set) var `private` = 0
    /// The elements that no unit owns.
    public internal(set) var free = 0
    /// All elements.
    public internal(set) var stored = 0
    /// The elements in each sub-network, task by task, level by level.
    public internal(set) var networks: [Int]
  }

  /// One layer.
  public struct Layer: Sendable {
    /// The name of the module.
    public let name: String
    /// The place of its numbers in `kinds`.
    public let kind: Int
    /// The places of its tensors in the inventory.
    public let tensors: [Int]
    /// The axes of the grid's rows.
    public let rows: [AxisName]
    /// The axes of the grid's columns.
    public let columns: [AxisName]
  }

  /// The most units whose blocks are listed one by one.
  public static let gridLimit = 64

  /// The distinct kinds of layers.
  public private(set) var kinds: [Kind] = []
  /// The layers, in the order of the graph, or of the file.
  public private(set) var layers: [Layer] = []
  /// Whether blocks are missing because there are more than `gridLimit` units.
  public private(set) var lacksGrids = false

  /// The layers of an inventory.
  ///
  /// - Parameter order: the place of the first node that uses each tensor; nil for a tensor that no node uses. Without
  ///   any, layers are in the order of the file.
  public init(_ inventory: Inventory, order: [Int?] = []) {
    var counter = LayerCounter(inventory)
    var places: [String: Int] = [:]
    var members: [(name: String, tensors: [Int])] = []
    for index in inventory.tensors.indices {
      let name = Self.module(of: inventory, index)
      if let place = places[name] {
        members[place].tensors.append(index)
      } else {
        places[name] = members.count
        members.append((name, [index]))
      }
    }
    let constants = order.isEmpty ? [] : members.filter { $0.tensors.allSatisfy(inventory.isConstant) }
    if !constants.isEmpty { members.removeAll { $0.tensors.allSatisfy(inventory.isConstant) } }
    /// Counters and other scalars say nothing about the order: files often store them first.
    func rank(_ tensors: [Int]) -> (Int, Int) {
      let solid = tensors.filter { !inventory.tensors[$0].shape.isEmpty }
      let first = (solid.isEmpty ? tensors : solid).first ?? 0
      return (
        tensors.compactMap { order.indices.contains($0) ? order[$0] : nil }.min() ?? Int.max,
        solid.isEmpty ? Int.max : first
      )
    }
    members = members.map { (rank: rank($0.tensors), member: $0) }.enumerated().sorted {
      ($0.element.rank.0, $0.element.rank.1, $0.offset) < ($1.element.rank.0, $1.element.rank.1, $1.offset)
    }.map(\.element.member)
    if !constants.isEmpty { members.append((Self.constants, constants.flatMap(\.tensors))) }
    var known: [Kind: Int] = [:]
    for member in members {
      let kind = counter.kind(of: member.tensors)
      let place = known[kind] ?? kinds.count
      if place == kinds.count {
        known[kind] = place
        kinds.append(kind)
      }
      let axes = counter.axes(of: member.tensors)
      layers.append(
        Layer(name: member.name, kind: place, tensors: member.tensors, rows: axes.rows, columns: axes.columns)
      )
    }
    lacksGrids = counter.lacksGrids
  }

  /// The name of the layer of all modules that only have constants: exporters write a tensor for each, so there are often
  /// more of them than of other modules. A scalar may also be a parameter.
  private static let constants = "(constants and scalars)"

  /// The name of a tensor's module; the name itself if it has no parts.
  private static func module(of inventory: Inventory, _ index: Int) -> String {
    let alias =
      inventory.placements.indices.contains(index)
      ? inventory.placements[index].scope.users.lazy.compactMap(\.alias).first : nil
    let name = (alias ?? inventory.tensors[index].name).text
    guard let end = name.lastIndex(where: { $0 == "." || $0 == "/" }), end > name.startIndex else {
      return name
    }
    return String(name[..<end])
  }
}

extension Inventory {
  /// Whether a tensor is a buffer or a scalar that every sub-network has whole.
  fileprivate func isConstant(_ index: Int) -> Bool {
    guard tensors[index].shape.isEmpty || roles[index].role == .buffer else { return false }
    guard placements.indices.contains(index) else { return true }
    return placements[index].isWhole && !placements[index].scope.isPrivate
  }
}
