internal import ByteFiles
internal import FlatFormats
package import Planning
package import TensorStreams
internal import Tensors
package import UnitModel

/// Makes a plan from the description of a method of this family.
package enum FamilyFile {
  /// The plan for weights whose masks are in the same file or in the file `masks`.
  package static func plan(
    _ path: String, masks: OpenedFile?, _ opened: OpenedFile
  ) throws -> ProposedPlan {
    let family = try read(path)
    // Owner maps are in the same file as their tensors.
    let file = NamedTensors(try opened.source)
    let beside = try masks.map { NamedTensors(try $0.source) }
    let specs = file.source.tensors.map(\.spec)
    return try family.plan(for: specs, ties: file.source.ties) { (name) throws(TesseraError) in
      try mask(name, in: beside ?? file)
    } values: { (name) throws(TesseraError) in
      try values(of: name, in: file)
    }
  }

  /// Compares the owner maps of weights with the plan's numbers of elements; throws if they differ.
  package static func checkOwners(_ partition: Partition, _ source: any TensorSource) throws(TesseraError) {
    let file = NamedTensors(source)
    for tensor in partition.tensors {
      guard let owners = tensor.owners else { continue }
      let found = try values(of: owners.map, in: file)
      for (owner, count) in found.enumerated() {
        let expected = owners.elements.indices.contains(owner) ? owners.elements[owner] : 0
        if count == expected { continue }
        throw TesseraError(
          sentence: "\(source.path): owner map \(owners.map.quoted) of \(tensor.spec.name.quoted): "
            + "expected \(expected) elements of owner \(owner), as in the plan, found \(count)")
      }
    }
  }

  private static func read(_ path: String) throws(TesseraError) -> Family {
    try DocumentFile.read(path, limit: Family.sizeLimit, as: "a family") { try Family(parsing: $0) }
  }

  /// The number of occurrences of each byte in a tensor of bytes.
  private static func values(of name: TensorName, in file: NamedTensors) throws(TesseraError) -> [Int] {
    var counts = [Int](repeating: 0, count: 256)
    guard let index = file.places[name] else { return counts }
    do {
      try file.source.reader(of: index).forEachWindow(limit: 1 << 20) { window in
        for byte in window { counts[Int(byte)] += 1 }
      }
    } catch { throw TesseraError(error) }
    return counts
  }

  /// The most elements of a channel mask.
  private static let maskLimit = 1 << 24

  private static func mask(_ name: TensorName, in file: NamedTensors) throws(TesseraError) -> [Bool] {
    let source = file.source
    guard let index = file.places[name] else {
      let nearest = nearestName(to: name.text, among: source.tensors.lazy.map(\.spec.name.text))
      throw TesseraError(
        sentence: "\(source.path): expected the mask \(name.quoted), found none"
          + (nearest.map { "; the nearest name is \(TensorName($0).quoted)" } ?? ""))
    }
    let spec = source.tensors[index].spec
    guard let width = spec.dtype.bytes, spec.elementCount <= maskLimit else {
      throw TesseraError(
        sentence:
          "\(source.path): \(name.quoted): expected a mask of whole bytes, found \(spec.dtype.rawValue)")
    }
    let bytes: [UInt8]
    do { bytes = try source.reader(of: index).rest() } catch { throw TesseraError(error) }
    return (0..<spec.elementCount).map { element in
      bytes[(element * width)..<((element + 1) * width)].contains { $0 != 0 && $0 != 0x80 }
    }
  }
}

/// A source with the indices of its tensors by name; maps and masks are looked up one by one.
private struct NamedTensors {
  let source: any TensorSource
  let places: [TensorName: Int]

  init(_ source: any TensorSource) {
    self.source = source
    places = source.places
  }
}
