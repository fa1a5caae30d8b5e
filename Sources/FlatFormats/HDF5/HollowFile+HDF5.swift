internal import ByteFiles
internal import TensorStreams
public import Tensors

extension HollowFile {
  /// The reasons why a stored HDF5 file cannot be filled with these tensors again; empty if it can.
  ///
  /// The file is read with its holes: it must have the same tensors, and the holes must be where it has their elements.
  ///
  /// - Parameter digests: the tensors' digests; elements that stay in the file are compared with them. With nil, they are
  ///   not read.
  public static func problems(
    ofHDF5 files: [HollowFile], kind: FlatFormatKind, path: String, filledBy specs: [TensorSpec],
    digests: [SHA256Digest]?
  ) -> [Problem] {
    func problem(_ expected: String, _ found: String) -> [Problem] {
      [Problem(file: 0, place: "HDF5", expected: expected, found: found)]
    }
    guard files.count == 1, let file = files.first, file.name == nil else {
      return problem("one file without a name", "\(files.count) files")
    }
    var filled: Set<Int> = []
    let outline = file.outlineProblems(0, specs, &filled)
    if !outline.isEmpty { return outline }
    let found: HDF5Source?
    do throws(FlatFormatError) {
      let sparse = try asFlatFormat { () throws(FileError) in try file.sparse(as: path) }
      found = try FlatFormats.open(sparse, as: kind, named: specs) as? HDF5Source
    } catch {
      guard case .broken(_, _, let place, let expected, let found) = error else {
        return problem("a file that can be read", "\(error)")
      }
      return problem(expected, "\(place): \(found)")
    }
    guard let source = found, source.tensors.map(\.spec) == specs else {
      return problem("the tensors of the index", "\(found?.tensors.count ?? 0) tensors that differ from them")
    }
    guard source.holes == file.holes else { return problem("holes at the places of the tensors", "others") }
    guard let digests else { return [] }
    for (index, tensor) in source.tensors.enumerated() where !filled.contains(index) && tensor.tiedTo == nil {
      guard digests.indices.contains(index), source.storedDigest(of: index) == digests[index] else {
        return problem("the elements of \(tensor.spec.name.quoted)", "different ones")
      }
    }
    return []
  }
}
