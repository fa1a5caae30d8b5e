/// How the masks of a tensor overlap: for each set of masks the number of elements that these and no others leave in.
///
/// Says of any virtual networks how many elements one of them or more has, without the masks themselves.
public struct MaskOverlap: Hashable, Sendable {
  /// Elements that the same masks leave in.
  public struct Cell: Hashable, Sendable {
    /// The places of these masks among the tensors of the file, ascending; empty for elements that no mask leaves in.
    public let masks: [Int]
    /// The number of elements, from 1.
    public let elementCount: Int

    /// Elements that these masks leave in.
    public init(masks: [Int], elementCount: Int) {
      self.masks = masks
      self.elementCount = elementCount
    }
  }

  /// The cells; their elements are those of the tensor.
  public let cells: [Cell]

  /// The most cells of a tensor: sixteen masks that have nothing to do with each other.
  public static let cellLimit = 1 << 16

  /// An overlap with these cells.
  public init(_ cells: [Cell]) { self.cells = cells }

  /// How many elements one of these masks or more leaves in.
  public func count(keptByAnyOf masks: Set<Int>) -> Int {
    cells.reduce(0) { $0 + ($1.masks.contains(where: masks.contains) ? $1.elementCount : 0) }
  }
}
