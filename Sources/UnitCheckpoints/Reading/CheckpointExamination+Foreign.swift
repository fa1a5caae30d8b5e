package import HDF5Kit

/// A part that another program added to a checkpoint; readers ignore it.
package struct ForeignPart: Sendable {
  /// The HDF5 path of the object, or of the object with the attribute.
  package let path: String
  /// The kind of the part: "a group", "a dataset", "the attribute 'author'".
  package let what: String
}

extension CheckpointExamination {
  /// Every link and object of the whole file that is broken or is not followed, also in foreign groups.
  package func refusals() -> [HDF5Error] {
    guard let hdf5 else { return [] }
    var found: [HDF5Error] = []
    do throws(HDF5Error) {
      try hdf5.walk { _, visit in
        if case .refused(let error) = visit, found.count < DefectLog.limit { found.append(error) }
      }
    } catch { found.append(error) }
    return found
  }

  /// Objects and attributes that are not part of the layout.
  ///
  /// A foreign group is listed without its contents. `UnitCheckpoint.unlistedDatasets` lists foreign objects in the
  /// groups of tensors.
  package func foreignParts() -> [ForeignPart] {
    guard let hdf5 else { return [] }
    var found: [ForeignPart] = []
    func add(_ path: String, _ what: String) {
      if found.count < DefectLog.limit { found.append(ForeignPart(path: path, what: what)) }
    }
    func attributes(of path: String, known: Set<HDF5Name>, _ list: () throws(HDF5Error) -> [HDF5Attribute]) {
      do throws(HDF5Error) {
        for attribute in try list() where !known.contains(attribute.name) {
          add(path, "the attribute \(attribute.name.quoted)")
        }
      } catch { add(path, "attributes that cannot be read (\(error.statement))") }
    }
    attributes(of: "/", known: Self.rootAttributes, hdf5.root.attributes)
    // `refusals` reports the error that ends the walk.
    try? hdf5.walk { path, visit in
      let shown = "/" + path.map(\.description).joined(separator: "/")
      switch (Self.place(path.map(\.description)), visit) {
      case (.inside, _), (_, .refused): return
      case (.foreign, .object(let object)): add(shown, object.title)
      case (.foreign, .visited): add(shown, "a second link to a group")
      case (.own, .object(.group(let group))): attributes(of: shown, known: [], group.attributes)
      case (.own, .object(.dataset(let dataset))):
        attributes(of: shown, known: Self.datasetAttributes, dataset.attributes)
      case (.own, _): return
      }
    }
    return found
  }

  private enum Place {
    case own
    case foreign
    /// The object is in a foreign group, which is listed itself.
    case inside
  }

  private static func place(_ path: [String]) -> Place {
    guard let first = path.first else { return .own }
    if dataGroups.contains(first) { return .own }
    guard first == Layout.metadataGroup else { return path.count == 1 ? .foreign : .inside }
    if path.count == 1 { return .own }
    guard metadata.contains(path[1]) else { return path.count == 2 ? .foreign : .inside }
    if path.count == 2 { return .own }
    // The shards' headers have numbers as names.
    return path.count == 3 ? (UInt32(path[2]) != nil ? .own : .foreign) : .inside
  }

  private static let rootAttributes: Set<HDF5Name> = [
    HDF5Name(Layout.formatAttribute), HDF5Name(Layout.versionAttribute),
  ]
  private static let datasetAttributes: Set<HDF5Name> = [HDF5Name(Layout.dtypeAttribute)]
  private static let dataGroups = Set(Layout.dataGroups)
  private static let metadata = Set(
    Layout.Table.allCases.map(\.rawValue) + [Layout.seal, Layout.shardIndex, "headers"])
}
