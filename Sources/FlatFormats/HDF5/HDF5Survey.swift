internal import HDF5Kit
internal import TensorStreams
internal import Tensors

/// Every object of an HDF5 file: datasets that are tensors, and all others with the reason.
struct HDF5Survey {
  /// A dataset that is a tensor.
  struct Entry: Sendable {
    /// Its name is the path from the root, without the first slash.
    let spec: TensorSpec
    let dataset: HDF5Dataset
    /// The bytes of a big-endian number; 1 for little-endian numbers.
    let swapWidth: Int
    /// The position of its bytes, or else of its header: the order in which the file was written.
    let place: Int
  }

  private(set) var entries: [Entry] = []
  private(set) var leftOut: [LeftOut] = []
  private(set) var remarks: [FlatRemark] = []
  private(set) var defects: [FlatFormatError] = []
  /// The attributes as texts. The key is `name` for the root, and `path@name` for other objects.
  private(set) var attributes: [(key: String, value: String)] = []
  /// The attribute `name` of groups `vars`, by path: Keras stores a layer's name there.
  private(set) var layerNames: [TensorName: String] = [:]

  private let assumed: DType?
  private let isKeras: Bool
  /// The number of entries before each further file of a set.
  private var ends: [Int] = []
  /// The path under which each group was found first, by its address.
  private var firsts: [Int: String] = [:]
  private var attributeBytes = 0
  private var isFull = false

  /// A hostile file could have millions of damaged objects.
  private static let defectLimit = 100
  /// The most attributes, and bytes of their texts, that are listed.
  private static let attributeLimit = (count: 100_000, bytes: 16 << 20)
  /// The total size of the datasets is compared with the size of the file only above this.
  private static let ratioFloor = 64 << 20

  /// - Parameters:
  ///   - fileSize: the bytes of the file, or of the member of an archive.
  ///   - assumed: the dtype of opaque elements without a name.
  ///   - isKeras: whether attributes that hold the structure of Keras's files are not listed.
  init(_ file: HDF5File, fileSize: Int, assumed: DType?, isKeras: Bool) throws(FlatFormatError) {
    (self.assumed, self.isKeras) = (assumed, isKeras)
    var empty: [TensorName] = []
    var groups: [TensorName: Int] = [:]
    list(attributesOf: "") { () throws(HDF5Error) in try file.root.attributes() }
    do throws(HDF5Error) {
      try file.walk { path, visit in add(path, visit, &empty, &groups) }
    } catch { fail(FlatFormatError(error)) }
    if !isKeras {
      for path in empty where groups[path] == 0 {
        leftOut.append(LeftOut(path.text, "a group without content", .apart))
      }
    }
    try checkTotal(file.name, fileSize)
  }

  /// The entries in the order in which they were written.
  var written: [Entry] { parts.flatMap { entries[$0].sorted { $0.place < $1.place } } }

  /// The entries of each file of a set.
  private var parts: [Range<Int>] { zip([0] + ends, ends + [entries.count]).map { $0..<$1 } }

  /// Adds the objects of another file of the same set.
  mutating func append(_ other: HDF5Survey) {
    ends.append(entries.count)
    entries += other.entries
    leftOut += other.leftOut
    remarks += other.remarks
    defects += other.defects
    attributes += other.attributes.filter { added in
      !attributes.contains { TensorName($0.key) == TensorName(added.key) }
    }
    layerNames.merge(other.layerNames) { first, _ in first }
  }

  /// Refuses a file whose datasets declare far more bytes together than it has: they may share them.
  private mutating func checkTotal(_ path: String, _ fileSize: Int) throws(FlatFormatError) {
    var total = 0
    for entry in entries {
      let (sum, overflow) = total.addingReportingOverflow(entry.spec.byteCount)
      total = overflow ? .max : sum
    }
    let (most, overflow) = fileSize.multipliedReportingOverflow(by: HDF5Limits().declaredPerStored)
    guard total > Self.ratioFloor, !overflow, total > most else { return }
    throw .refused(
      .hdf5Limit, path: path, place: "datasets",
      expected: "at most \(most.grouped) bytes in a file of \(fileSize.grouped) bytes",
      found: total.grouped)
  }

  private mutating func fail(_ error: FlatFormatError) {
    if defects.count < Self.defectLimit { defects.append(error) }
  }

  private mutating func add(
    _ path: [HDF5Name], _ visit: HDF5File.Visit, _ empty: inout [TensorName],
    _ groups: inout [TensorName: Int]
  ) {
    let name = TensorName(path.map(\.description).joined(separator: "/"))
    let parent = TensorName(path.dropLast().map(\.description).joined(separator: "/"))
    groups[parent, default: 0] += 1
    switch visit {
    case .object(.group(let group)):
      empty.append(name)
      firsts[group.address] = name.text
      if groups[name] == nil { groups[name] = 0 }
      list(attributesOf: name.text) { () throws(HDF5Error) in try group.attributes() }
    case .object(.dataset(let dataset)): add(dataset, name, isText: path.allSatisfy { $0.text != nil })
    case .object(.datatype): leftOut.append(LeftOut(name.text, "a committed datatype", .keptInGraph))
    case .visited(let group):
      leftOut.append(
        LeftOut(
          name.text, "a second name of the group \(TensorName("/" + (firsts[group.address] ?? "")).quoted)",
          .keptInGraph))
    case .refused(let error): refuse(name, error)
    }
  }

  /// An object that is not read: a defect, or a part that is left out.
  private mutating func refuse(_ name: TensorName, _ error: HDF5Error) {
    guard case .unsupported(_, _, let feature) = error else { return fail(FlatFormatError(error)) }
    leftOut.append(LeftOut(name.text, feature, .keptInGraph))
    guard error.leadsElsewhere else { return }
    remarks.append(
      FlatRemark(
        error.isSoftLink ? .hdf5SoftLink : .hdf5Elsewhere, name.quoted,
        expected: "an object of this file", found: feature))
  }

  private mutating func add(_ dataset: HDF5Dataset, _ name: TensorName, isText: Bool) {
    func omit(_ words: String) { leftOut.append(LeftOut(name.text, words, .keptInGraph)) }
    var dtypeName: String?
    list(attributesOf: name.text, isDataset: true) { () throws(HDF5Error) in
      let attributes = try dataset.attributes()
      if let bytes = try attributes.first(where: { $0.name == "dtype" })?.texts()?.first {
        dtypeName = String(decoding: bytes, as: UTF8.self)
      }
      return attributes
    }
    guard isText else { return omit("a name that is not UTF-8") }
    if dataset.dataspace.kind == .null { return omit("a dataset without a value (a null dataspace)") }
    let element: HDF5Element
    do throws(HDF5Element.Unreadable) {
      // Keras names the dtype only in its newer files; bfloat16 is its only dtype that NumPy lacks and that has two bytes.
      let assumed = isKeras && dataset.datatype.size == 2 ? .bf16 : assumed
      element = try HDF5Element(dataset.datatype, named: dtypeName, assumed: assumed)
    } catch { return omit("a dataset of \(error.words)") }
    if let filter = dataset.unknownFilters.first {
      return omit("a dataset with the filter \(filter), which is not read here")
    }
    do throws(HDF5Error) { try dataset.checkDeclared() } catch { return refuse(name, error) }
    do throws(TensorError) {
      let spec = try TensorSpec(
        name: name, dtype: element.dtype, shape: dataset.shape + element.extents)
      guard spec.byteCount == dataset.byteCount else {
        return omit("a dataset of \(dataset.byteCount) bytes")
      }
      var place = dataset.address
      if case .contiguous(let offset, _) = dataset.storage { place = offset }
      entries.append(Entry(spec: spec, dataset: dataset, swapWidth: element.swapWidth, place: place))
    } catch { omit("a dataset whose size overflows") }
  }

  /// Lists the attributes of an object.
  private mutating func list(
    attributesOf path: String, isDataset: Bool = false,
    _ read: () throws(HDF5Error) -> [HDF5Attribute]
  ) {
    do throws(HDF5Error) {
      for attribute in try read() {
        let name = attribute.name.description
        if isKeras {
          if name == "name", path == "vars" || path.hasSuffix("/vars"),
            let text = try attribute.texts()?.first
          {
            layerNames[TensorName(path)] = String(decoding: text, as: UTF8.self)
            continue
          }
          if isDataset ? name == "dtype" : KerasAttributes.isList(name) { continue }
        }
        guard !isFull else { return }
        let key = path.isEmpty ? name : "\(path)@\(name)"
        let value = try HDF5AttributeText.text(attribute)
        attributeBytes += key.utf8.count + value.utf8.count
        guard attributes.count < Self.attributeLimit.count, attributeBytes <= Self.attributeLimit.bytes else {
          isFull = true
          leftOut.append(
            LeftOut("attributes", "more than \(attributes.count.grouped) attributes", .keptInGraph))
          return
        }
        attributes.append((key, value))
      }
    } catch { refuse(TensorName(path.isEmpty ? "attributes" : "attributes of \(path)"), error) }
  }
}
