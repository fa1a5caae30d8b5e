internal import ByteFiles
internal import HDF5Kit
package import Tensors

/// What `validate` asks of a checkpoint beyond opening it.
extension UnitCheckpoint {
  /// The length in bytes that the file had when it was written.
  package var writtenSize: Int { Int(clamping: seal.fileEnd) }

  /// Whether the file is as long as it was written; then its seal speaks about every byte.
  package var hasWrittenSize: Bool { seal.fileEnd == UInt64(fileSize) }

  /// Whether every byte outside the tensors' data is what was written. Means nothing once placement is void.
  package func hasIntactMetadata() throws(CheckpointError) -> Bool {
    var ranges: [Range<Int>] = []
    for dataset in index.datasets {
      if let address = dataset.address, dataset.byteCount > 0 {
        ranges.append(address..<address + dataset.byteCount)
      }
    }
    guard let address = try sealAddress() else { return false }
    ranges.append(address..<address + SealRow.size)
    ranges.sort { $0.lowerBound < $1.lowerBound }
    do throws(FileError) {
      let checksum = try Seal.restChecksum(fileSize: fileSize, leavingOut: ranges) {
        (offset, buffer) throws(FileError) in try readRaw(at: offset, into: buffer)
      }
      return checksum == seal.restXXH3
    } catch { throw .file(error) }
  }

  /// Checks that the HDF5 dataset behind an index row is there, with its type, length and address, or its chunks.
  package func checkDataset(_ number: Int) throws(CheckpointError) {
    let dataset = try open(dataset: number)
    defer { close(number..<number + 1) }
    if hasWrittenSize, index.datasets[number].isChunked { return try checkChunks(of: dataset, number) }
    guard hasWrittenSize, let address = index.datasets[number].address else { return }
    var shown = "no contiguous ones"
    if case .contiguous(let found, _) = dataset.storage {
      if found == address { return }
      shown = "them at \(found)"
    }
    throw .broken(
      .datasetStorage, path: path, place: "/\(datasetPath(number))",
      expected: "contiguous bytes at \(address)",
      found: shown)
  }

  /// The paths of objects in the tensor groups that no index row names.
  package func unlistedDatasets() throws(CheckpointError) -> [String] {
    var known = Set<String>()
    for number in index.datasets.indices { known.insert("/\(datasetPath(number))") }
    var found: [String] = []
    let groups = [
      LayoutV1.commonGroup, LayoutV1.wholeGroup, LayoutV1.privateGroup, LayoutV1.freeGroup,
      LayoutV1.unitsGroup,
    ]
    do throws(HDF5Error) {
      for group in groups {
        guard try hdf5.root.link(HDF5Name(group)) != nil else { continue }
        let listed = try hdf5.group(at: group)
        for link in try listed.links() {
          let path = "/\(group)/\(link.name)"
          guard group == LayoutV1.unitsGroup, case .group(let unit) = try listed.object(link) else {
            if !known.contains(path) { found.append(path) }
            continue
          }
          for link in try unit.links() where !known.contains("\(path)/\(link.name)") {
            found.append("\(path)/\(link.name)")
          }
        }
      }
    } catch { throw .hdf5(path: path, error) }
    return found
  }

  /// How HDF5 describes a dataset, beside its type: its shape, and the text of its `dtype` attribute if it has one.
  package func description(
    ofDataset number: Int
  ) throws(CheckpointError) -> (shape: [Int], dtype: String?) {
    let dataset = try open(dataset: number)
    do throws(HDF5Error) {
      let bytes = try dataset.attribute(HDF5Name(LayoutV1.dtypeAttribute))?.bytes()
      return (dataset.shape, bytes.map { String(decoding: $0, as: UTF8.self) })
    } catch { throw .hdf5(path: path, error) }
  }

  /// What `description` should say of a dataset; its length alone where blocks are strung together.
  package func expectedDescription(ofDataset number: Int) -> (shape: [Int], dtype: String?) {
    let dataset = index.datasets[number]
    let spec = index.tensors[dataset.tensor].spec
    let elements = spec.dtype.bytes.map { dataset.byteCount / $0 } ?? dataset.byteCount
    return (
      dataset.owner.isWhole ? spec.wholeDatasetShape : [elements],
      spec.dtype.storage.needsAttribute ? spec.dtype.rawValue : nil
    )
  }

  /// The name of a tensor whose link is another spelling of one of the index: `%2f` for `%2F`.
  package func tensor(misspelledAs link: String) -> TensorName? {
    let name = LinkName.unescaped(link)
    return index.tensors.first { $0.spec.name == name }?.spec.name
  }

  private func sealAddress() throws(CheckpointError) -> Int? {
    do throws(HDF5Error) {
      let dataset = try hdf5.dataset(at: LayoutV1.sealPath)
      if case .contiguous(let address, _) = dataset.storage { return address }
      return nil
    } catch { throw .hdf5(path: path, error) }
  }
}
