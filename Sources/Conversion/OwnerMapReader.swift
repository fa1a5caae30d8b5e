internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// Reads the owner map of a tensor, and checks it against the numbers in the plan.
final class OwnerMapReader {
  private let reader: any TensorByteReader
  private let path: String
  private let place: String
  private let owners: ElementOwners
  private var counts = [Int](repeating: 0, count: 256)

  /// - Parameter map: the number of the map among the source's tensors.
  init(
    _ source: any TensorSource, _ map: Int, of tensor: TensorSpec, _ owners: ElementOwners
  ) throws {
    reader = try source.reader(of: map)
    path = source.path
    place = "owner map \(owners.map.quoted) of \(tensor.name.quoted)"
    self.owners = owners
  }

  /// Reads the next owners; throws for an owner that the plan does not have, or that has too many elements.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws {
    try reader.read(into: buffer)
    for (owner, count) in OwnerPacking.counts(UnsafeRawBufferPointer(buffer)).enumerated() where count > 0 {
      counts[owner] += count
      guard owner < owners.elements.count else {
        throw ConversionError.ownerMap(
          path: path, place: place, expected: "owners of 0 (free) to \(owners.elements.count - 1)",
          found: "\(owner)")
      }
      // The plan's numbers add up to all elements. So if one owner has too few elements, another has too many.
      guard counts[owner] <= owners.elements[owner] else {
        throw ConversionError.ownerMap(
          path: path, place: place,
          expected: "\(owners.elements[owner]) elements of owner \(owner), as in the plan", found: "more")
      }
    }
  }
}
