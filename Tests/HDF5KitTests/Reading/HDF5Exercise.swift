import HDF5Kit

/// Reads everything in a file, and counts what was read and refused.
struct HDF5Exercise {
  var datasetsRead = 0
  var attributesRead = 0
  var refusals: [HDF5Error] = []

  /// Opens the bytes, walks all links, reads all attributes and datasets. Errors are allowed here; the tests are about
  /// traps, hangs and reads outside the file.
  init(_ bytes: [UInt8], name: String, limits: HDF5Limits) {
    do throws(HDF5Error) {
      let file = try HDF5File(bytes, name: name, limits: limits)
      read { () throws(HDF5Error) in try file.root.attributes() }
      // Collected outside the walk's closure, which must not capture `self`.
      var objects: [HDF5Object] = []
      var errors: [HDF5Error] = []
      try file.walk { _, visit in
        switch visit {
        case .object(let object): objects.append(object)
        case .visited: break
        case .refused(let error): errors.append(error)
        }
      }
      refusals += errors
      for object in objects { read(object) }
    } catch {
      refusals.append(error)
    }
  }

  private mutating func read(_ object: HDF5Object) {
    switch object {
    case .group(let group): read { () throws(HDF5Error) in try group.attributes() }
    case .datatype: break
    case .dataset(let dataset):
      read { () throws(HDF5Error) in try dataset.attributes() }
      do throws(HDF5Error) {
        let bytes = try dataset.readBytes()
        precondition(bytes.count == dataset.byteCount)
        datasetsRead += 1
      } catch {
        refusals.append(error)
      }
    }
  }

  private mutating func read(_ attributes: () throws(HDF5Error) -> [HDF5Attribute]) {
    do throws(HDF5Error) {
      for attribute in try attributes() {
        do throws(HDF5Error) {
          _ = try attribute.bytes()
          attributesRead += 1
        } catch {
          refusals.append(error)
        }
      }
    } catch {
      refusals.append(error)
    }
  }
}
