package import HDF5Kit

extension CheckpointExamination {
  /// Every link and object of the whole file that is broken or not followed, in the groups of others too.
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
}
