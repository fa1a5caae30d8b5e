import HDF5Kit

/// Walks an HDF5 file and reads every attribute and dataset.
///
/// Checksums of metadata are not compared, because they would keep mutations from the code after them.
enum HDF5ReaderExercise {
  static func run(_ bytes: [UInt8]) {
    var limits = HDF5Limits()
    limits.byteBudget = 4 << 20
    limits.checksMetadata = false
    do throws(HDF5Error) {
      let file = try HDF5File(bytes, name: "input", limits: limits)
      var objects: [HDF5Object] = [.group(file.root)]
      try file.walk { _, visit in
        switch visit {
        case .object(let object): objects.append(object)
        case .visited: break
        case .refused(let error): requireSentence(error)
        }
      }
      // Bounds the cost of one input; a file of this size with more objects shares their bytes.
      var left = 16 << 20
      for object in objects.prefix(4096) { read(object, left: &left) }
    } catch { requireSentence(error) }
  }

  private static func read(_ object: HDF5Object, left: inout Int) {
    do throws(HDF5Error) {
      let attributes: [HDF5Attribute]
      switch object {
      case .group(let group): attributes = try group.attributes()
      case .datatype: return
      case .dataset(let dataset):
        if dataset.byteCount <= left {
          left -= dataset.byteCount
          do throws(HDF5Error) {
            require(try dataset.readBytes().count == dataset.byteCount, "a dataset has its size")
          } catch { requireSentence(error) }
        }
        attributes = try dataset.attributes()
      }
      for attribute in attributes {
        do throws(HDF5Error) { _ = try attribute.bytes() } catch { requireSentence(error) }
      }
    } catch { requireSentence(error) }
  }
}
