internal import ByteFiles
internal import HDF5Kit
package import Tensors

/// The checks of `validate` that are not made on opening.
extension UnitCheckpoint {
  /// The length in bytes that the file had when it was written.
  package var writtenSize: Int { Int(clamping: seal.fileEnd) }

  /// Whether the file still has the length with which it was written; only then does its seal cover every byte.
  package var hasWrittenSize: Bool { seal.fileEnd == UInt64(fileSize) }

  /// Whether every byte outside the tensors' data is unchanged; it has no meaning if the addresses are not valid.
  package func hasIntactMetadata() throws(CheckpointError) -> Bool {
    var ranges: [Range<Int>] = []
    for section in map.sections {
      // An address outside the file is a separate defect, after which a validator continues.
      if let address = section.address, section.byteCount > 0, address <= fileSize - section.byteCount {
        ranges.append(address..<address + section.byteCount)
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

  /// Checks that the HDF5 dataset of a section exists, with its type, length and address, or its chunks.
  package func checkSection(_ number: Int) throws(CheckpointError) {
    let dataset = try open(section: number)
    let section = map.sections[number]
    guard hasWrittenSize, section.address == nil, section.byteCount > 0 else { return }
    func broken(_ expected: String, _ found: String) -> CheckpointError {
      .broken(
        .datasetChunks, path: path, place: "/\(sectionPath(number))", expected: expected, found: found)
    }
    // This is checked only if the file has its original length: a tool that rewrites the file may use other chunks.
    guard case .chunked(let layout) = dataset.storage else { throw broken("chunks", "\(dataset.storage)") }
    let filters = layout.pipeline.filters.map(\.title)
    guard [[], ["deflate"], ["shuffle", "deflate"]].contains(filters) else {
      throw broken("shuffle, then deflate", filters.joined(separator: ", "))
    }
    let counts: (stored: Int, all: Int)?
    do throws(HDF5Error) { counts = try dataset.chunkCounts() } catch { throw .hdf5(path: path, error) }
    if let counts, counts.stored != counts.all { throw broken("\(counts.all) chunks", "\(counts.stored)") }
    guard dataset.hasRunsAsChunks else {
      throw broken("chunks that are runs of the flat tensor", "chunks of shape \(layout.shape)")
    }
    let pageBytes = min(map.pageBytes, section.byteCount)
    guard section.key.kind == .whole || layout.byteCount == pageBytes else {
      throw broken("chunks of \(pageBytes) bytes", "chunks of \(layout.byteCount)")
    }
  }

  /// The paths of objects in the groups of tensors that belong to no section.
  package func unlistedDatasets() throws(CheckpointError) -> [String] {
    // Names are compared by bytes, because Swift treats some texts as equal that HDF5 distinguishes.
    var known = Set<[UInt8]>()
    for number in map.sections.indices {
      // The groups on the path are included.
      var path = ""
      for name in map.sections[number].key.steps(in: index) {
        path += "/\(name)"
        known.insert(Array(path.utf8))
      }
    }
    var found: [String] = []
    do throws(HDF5Error) {
      var waiting = Layout.dataGroups.map { "/\($0)" }
      while let path = waiting.popLast() {
        guard known.contains(Array(path.utf8)) else { continue }
        let group = try hdf5.group(at: String(path.dropFirst()))
        for link in try group.links() {
          let inside = "\(path)/\(link.name)"
          guard known.contains(Array(inside.utf8)) else {
            found.append(inside)
            continue
          }
          if case .group = try group.object(link) { waiting.append(inside) }
        }
      }
      for group in Layout.dataGroups where !known.contains(Array("/\(group)".utf8)) {
        if try hdf5.root.link(HDF5Name(group)) != nil { found.append("/\(group)") }
      }
    } catch { throw .hdf5(path: path, error) }
    return found.sorted()
  }

  /// The HDF5 description of a section's dataset, apart from its type: its shape, and the text of its `dtype` attribute
  /// if it has one.
  package func description(ofSection number: Int) throws(CheckpointError) -> (shape: [Int], dtype: String?) {
    let dataset = try open(section: number)
    do throws(HDF5Error) {
      let bytes = try dataset.attribute(HDF5Name(Layout.dtypeAttribute))?.bytes()
      return (dataset.shape, bytes.map { String(decoding: $0, as: UTF8.self) })
    } catch { throw .hdf5(path: path, error) }
  }

  /// The description that the layout requires for a section.
  package func expectedDescription(ofSection number: Int) -> (shape: [Int], dtype: String?) {
    let section = map.sections[number]
    let storage = section.key.dtype.storage
    guard let tensor = section.key.tensor else {
      return ([section.byteCount / storage.type.size], nil)
    }
    return (
      index.tensors[tensor].spec.wholeDatasetShape,
      storage.needsAttribute ? section.key.dtype.rawValue : nil
    )
  }

  /// The tensor whose link has another spelling, for example `%2f` instead of `%2F`; nil if there is none.
  package func tensor(misspelledAs link: String) -> TensorName? {
    let name = LinkName.unescaped(link)
    return index.tensors.first { $0.spec.name == name }?.spec.name
  }

  private func sealAddress() throws(CheckpointError) -> Int? {
    do throws(HDF5Error) {
      let dataset = try hdf5.dataset(at: Layout.sealPath)
      if case .contiguous(let address, _) = dataset.storage { return address }
      return nil
    } catch { throw .hdf5(path: path, error) }
  }
}
