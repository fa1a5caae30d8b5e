extension HDF5File {
  /// The result of a walk for one path.
  package enum Visit: Sendable {
    case object(HDF5Object)
    /// A group that was visited before under another path; it is not entered again.
    case visited(HDF5Group)
    /// A refused link or object, and the reason.
    case refused(HDF5Error)
  }

  /// Calls `body` for every link below the root, a group before its content, within the limits on depth and objects.
  ///
  /// Refused links and objects are reported, and the walk continues; a group that cannot be listed is one report.
  package func walk(_ body: (_ path: [HDF5Name], _ visit: Visit) -> Void) throws(HDF5Error) {
    var visited: Set<Int> = [root.address]
    var count = 0
    let (scaled, overflow) = root.header.context.source.size
      .multipliedReportingOverflow(by: limits.headerBytesPerFileByte)
    var headerBytes = overflow ? Int.max : scaled
    // An explicit stack: the depth of a file must not become the depth of this program's stack.
    var pending: [(group: HDF5Group, path: [HDF5Name])] = [(root, [])]
    while let (group, path) = pending.popLast() {
      let links: [HDF5Link]
      do throws(HDF5Error) { links = try group.links() } catch {
        body(path, .refused(error))
        continue
      }
      var groups: [(group: HDF5Group, path: [HDF5Name])] = []
      for link in links {
        count += 1
        guard count <= limits.objects else {
          throw .limit(
            file: name, place: HDF5Place(path: group.path), limit: "\(limits.objects) objects", found: "more")
        }
        guard headerBytes > -limits.headerBytes else {
          throw .limit(
            file: name, place: HDF5Place(path: group.path),
            limit: "\(limits.headerBytesPerFileByte) header bytes per byte of the file", found: "more")
        }
        let path = path + [link.name]
        do throws(HDF5Error) {
          let object = try group.object(link)
          headerBytes -= object.headerBytes
          guard case .group(let child) = object else {
            body(path, .object(object))
            continue
          }
          guard visited.insert(child.address).inserted else {
            body(path, .visited(child))
            continue
          }
          guard path.count <= limits.groupDepth else {
            throw HDF5Error.limit(
              file: name, place: HDF5Place(path: child.path), limit: "\(limits.groupDepth) nested groups",
              found: "more")
          }
          body(path, .object(object))
          groups.append((child, path))
        } catch {
          body(path, .refused(error))
        }
      }
      pending += groups.reversed()
    }
  }

  private var limits: HDF5Limits { root.header.context.limits }
}
