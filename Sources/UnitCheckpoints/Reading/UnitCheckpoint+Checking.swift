internal import ByteFiles
internal import HDF5Kit
internal import StrictJSON
internal import Tensors

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

  /// Checks that the HDF5 dataset behind an index row is there, with its type, length and address.
  package func checkDataset(_ number: Int) throws(CheckpointError) {
    let dataset = try open(dataset: number)
    guard hasWrittenSize, let address = index.datasets[number].address else { return }
    if case .contiguous(let found, _) = dataset.storage, found == address { return }
    throw .broken(
      .datasetStorage, path: path, place: "/\(datasetPath(number))",
      expected: "contiguous bytes at \(address)",
      found: "\(dataset.storage)")
  }

  /// The paths of objects in the tensor groups that no index row names.
  package func unlistedDatasets() throws(CheckpointError) -> [String] {
    var known = Set<String>()
    for number in index.datasets.indices { known.insert("/\(datasetPath(number))") }
    var found: [String] = []
    let groups = [LayoutV1.commonGroup, LayoutV1.wholeGroup, LayoutV1.privateGroup, LayoutV1.unitsGroup]
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

  /// Checks that the record of the flat file can be read and names the headers that are stored.
  package func checkSource() throws(CheckpointError) {
    let place = "/\(LayoutV1.Table.source.path)"
    let record: JSONValue
    do throws(JSONError) { record = try JSONParser().parse(source) } catch {
      throw .broken(.source, path: path, place: place, expected: "JSON", found: "\(error)")
    }
    guard case .object(let object) = record, case .string("tessera.source/1")? = object["format"],
      case .string? = object["kind"], case .array(let shards)? = object["shards"]
    else {
      throw .broken(
        .source, path: path, place: place, expected: "a tessera.source/1 document", found: "another")
    }
    let withHeader = shards.filter { shard in
      guard case .object(let object) = shard, case .integer? = object["header"] else { return false }
      return true
    }
    guard withHeader.count == headers.count else {
      throw .broken(
        .sourceHeaders, path: path, place: place, expected: "\(headers.count) shards with a header",
        found: "\(withHeader.count)")
    }
  }

  private func sealAddress() throws(CheckpointError) -> Int? {
    do throws(HDF5Error) {
      let dataset = try hdf5.dataset(at: "\(LayoutV1.metadataGroup)/\(LayoutV1.seal)")
      if case .contiguous(let address, _) = dataset.storage { return address }
      return nil
    } catch { throw .hdf5(path: path, error) }
  }
}
