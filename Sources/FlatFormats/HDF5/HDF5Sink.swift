internal import ByteFiles
internal import HDF5Kit
internal import TensorStreams
internal import Tensors

/// Writes tensors as datasets of an HDF5 file: the stored file again, or a new one.
///
/// A new file has a contiguous dataset for each tensor, at the path that is its name. A new file of Keras has the form of
/// Keras 3 if all names are paths of that form, or if the paths are known; else the older form, whose lists have the names.
/// Ties are lost: each name has a dataset of its own.
enum HDF5Sink {
  static func make(_ contents: SinkContents, as kind: FlatFormatKind) throws(FlatFormatError)
    -> any TensorSink
  {
    let rule: FlatFormatRule = kind == .keras ? .kerasWrite : .hdf5Write
    let isArchive = contents.path.lowercased().hasSuffix(".keras")
    if let file = contents.hollowFiles?.first, contents.hollowFiles?.count == 1 {
      if file.isArchive == isArchive {
        return try HollowSink(contents, [file], as: kind, breaking: rule)
      }
      if file.isArchive, let inner = try KerasArchive.weights(of: file, contents) {
        return try HollowSink(contents, [inner], as: kind, breaking: rule)
      }
    }
    guard !isArchive else {
      throw contents.refusal(
        .kerasWrite, "file", expected: "tensors of a .keras archive, whose other members are kept",
        found: "tensors alone; a name that ends in .weights.h5 holds them")
    }
    let paths = kind == .keras ? try numbered(contents) : nil
    let file = try hollow(paths ?? contents, as: kind, isNumbered: paths != nil)
    // Keras's numbers become names when the file is read.
    return try HollowSink(paths ?? contents, [file], as: kind, breaking: rule, keepsNames: paths == nil)
  }

  /// The contents under the paths of Keras 3; nil if the file has the older form.
  private static func numbered(_ contents: SinkContents) throws(FlatFormatError) -> SinkContents? {
    if KerasPaths.areNumbered(contents.specs) { return contents }
    guard case .paths(let paths, _)? = contents.kerasOrder else { return nil }
    guard contents.path.lowercased().hasSuffix(".weights.h5") else {
      throw contents.refusal(
        .kerasWrite, "file", expected: "a name that ends in .weights.h5, by which Keras 3 knows its own form",
        found: TensorName(SystemPath.bareName(of: contents.path)).quoted)
    }
    return try contents.named { (spec) throws(FlatFormatError) in
      guard let path = paths[spec.name] else {
        throw contents.refusal(
          .kerasWrite, "tensor \(spec.name.quoted)", expected: "a variable of the file that Keras wrote",
          found: "a name that it does not have")
      }
      return path
    }
  }

  /// The order of tensors in the lists of the older form. Throws if Keras would give a layer its variables in another one.
  private static func listOrder(_ contents: SinkContents) throws(FlatFormatError) -> [Int] {
    if case .listed? = contents.kerasOrder { return Array(contents.specs.indices) }
    var first: TensorSpec?
    if let places = KerasOrder.places(of: contents.specs, unknown: { first = $0 }) { return places }
    throw contents.refusal(
      .kerasWrite, "tensor \(first?.name.quoted ?? "")",
      expected:
        "a layer's own variable (LAYER/kernel, LAYER/bias, …), because Keras's older form assigns by order",
      found: "one whose place is not known; convert the file that Keras wrote with --names paths, for a DEST "
        + "that ends in .weights.h5")
  }

  /// A new file, without the elements.
  private static func hollow(
    _ contents: SinkContents, as kind: FlatFormatKind, isNumbered: Bool
  ) throws(FlatFormatError) -> HollowFile {
    var layout = HDF5Layout()
    if kind == .keras, !isNumbered {
      layout.list(contents.specs, order: try listOrder(contents))
    } else {
      layout.paths = contents.specs.map(\.name.text)
      // Keras always stores this group, for the model's own variables.
      if kind == .keras { layout.others = ["vars"] }
    }
    if isNumbered, case .paths(_, let layers)? = contents.kerasOrder { layout.name(layers) }
    try layout.check(contents)
    var holes: [TensorHole] = []
    let memory = try asFlatFormat { () throws(FileError) in try NamelessFile() }
    try asFlatFormat { () throws(HDF5Error) in
      let skeleton = try HDF5SkeletonWriter(memory: memory, datasetCount: contents.specs.count)
      try skeleton.openRoot()
      for group in layout.groups where !group.isEmpty { try skeleton.createGroup(group) }
      for (group, name, texts) in layout.lists {
        try skeleton.writeAttribute(name, ofGroup: group, texts: texts, isList: true)
      }
      for (group, text) in layout.names {
        try skeleton.writeAttribute("name", ofGroup: group, texts: [text], isList: false)
      }
      for (index, spec) in contents.specs.enumerated() {
        guard let type = HDF5Stored(spec.dtype, isKeras: kind == .keras) else { continue }
        let (group, name) = HDF5Layout.parts(of: layout.paths[index])
        let address = try skeleton.createDataset(
          name, in: group, type: type.element, shape: spec.shape,
          texts: type.name.map { [("dtype", $0)] } ?? [])
        if let address, spec.byteCount > 0 {
          holes.append(TensorHole(position: address, count: spec.byteCount, tensor: index))
        }
      }
      try skeleton.close()
    }
    return try asFlatFormat { () throws(FileError) in
      try HollowFile(memory.readable(as: contents.path), holes: holes)
    }
  }
}

/// The element type of a dtype in a dataset.
struct HDF5Stored {
  let element: HDF5ElementType
  /// The attribute `dtype` for dtypes that HDF5 lacks, as ml_dtypes names them.
  var name: String?

  /// nil for a dtype that has no whole number of bytes.
  init?(_ dtype: DType, isKeras: Bool) {
    let plain: [DType: HDF5ElementType] = [
      .f64: .f64, .f32: .f32, .f16: .f16, .i64: .i64, .i32: .i32, .i16: .i16, .i8: .i8, .u64: .u64,
      .u32: .u32, .u16: .u16, .u8: .u8, .bool: .boolean, .c64: .complex(.f32), .c128: .complex(.f64),
    ]
    if let type = plain[dtype] {
      element = type
      return
    }
    // Keras only knows bfloat16 as opaque bytes; other programs read the custom float.
    if dtype == .bf16, !isKeras {
      element = .bf16
      return
    }
    guard let bytes = dtype.bytes, let name = NumPyGlobals.mlName(dtype) else { return nil }
    element = .opaque(length: bytes)
    self.name = name
  }
}

/// The groups, attributes and datasets of a new file.
private struct HDF5Layout {
  /// The path of each tensor's dataset.
  var paths: [String] = []
  /// The lists of texts, with their groups.
  var lists: [(group: String, name: String, texts: [String])] = []
  /// Groups that may have no dataset.
  var others: [String] = []
  /// The names of layers, with the groups of their variables.
  var names: [(group: String, text: String)] = []

  /// Names the layers of Keras 3 that the file has.
  mutating func name(_ layers: [TensorName: String]) {
    let known = Set(groups.map { TensorName($0) })
    // A layer that only has other layers has no variables, but the name of its own group.
    others += layers.keys.sorted().map(\.text).filter {
      known.contains(TensorName(SystemPath.folder(of: $0)))
    }
    names = groups.compactMap { group in layers[TensorName(group)].map { (group, $0) } }
  }

  /// Lays out Keras's older form: lists of layers and of their weights. The first step of a name is its layer.
  ///
  /// - Parameter order: the order of the tensors in the lists.
  mutating func list(_ specs: [TensorSpec], order: [Int]) {
    var layers: [String] = []
    var weights: [TensorName: [String]] = [:]
    paths = specs.map { "\(SystemPath.components($0.name.text)[0])/\($0.name.text)" }
    for name in order.map({ specs[$0].name.text }) {
      let layer = SystemPath.components(name)[0]
      if weights[TensorName(layer)] == nil { layers.append(layer) }
      weights[TensorName(layer), default: []].append(name)
    }
    others = layers
    append(layers, named: KerasAttributes.layers, to: "")
    for layer in layers {
      append(weights[TensorName(layer)] ?? [], named: KerasAttributes.weights, to: layer)
    }
  }

  /// The most bytes of an attribute; Keras has 64,512.
  private static let attributeLimit = 64_000

  /// Adds a list, in several attributes if it is too long for one.
  private mutating func append(_ texts: [String], named name: String, to group: String) {
    let width = max(1, texts.map(\.utf8.count).max() ?? 1)
    let count = max(1, Self.attributeLimit / width)
    guard texts.count > count else { return lists.append((group, name, texts)) }
    for (part, start) in stride(from: 0, to: texts.count, by: count).enumerated() {
      lists.append((group, "\(name)\(part)", Array(texts[start..<min(start + count, texts.count)])))
    }
  }

  /// Every group, a parent before its children.
  var groups: [String] {
    var known: Set<TensorName> = []
    var result: [String] = []
    for path in paths + others.map({ $0 + "/x" }) {
      let steps = SystemPath.components(path).dropLast()
      for count in steps.indices {
        let group = steps[...count].joined(separator: "/")
        if known.insert(TensorName(group)).inserted { result.append(group) }
      }
    }
    return result
  }

  static func parts(of path: String) -> (group: String, name: String) {
    let steps = SystemPath.components(path)
    return (steps.dropLast().joined(separator: "/"), steps.last ?? "")
  }

  /// Refuses names, shapes and dtypes that no dataset can have.
  func check(_ contents: SinkContents) throws(FlatFormatError) {
    func refusal(_ spec: TensorSpec, _ expected: String, _ found: String) -> FlatFormatError {
      contents.refusal(.hdf5Write, "tensor \(spec.name.quoted)", expected: expected, found: found)
    }
    for (spec, path) in zip(contents.specs, paths) {
      let steps = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      guard
        steps.allSatisfy({
          !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.contains(0) && $0.count < 60_000
        }),
        steps.count <= HDF5Limits().groupDepth
      else { throw refusal(spec, "a name that is a path of HDF5", "another name") }
      guard spec.shape.count <= 32 else {
        throw refusal(spec, "at most 32 dimensions", "\(spec.shape.count)")
      }
      guard HDF5Stored(spec.dtype, isKeras: false) != nil else {
        throw contents.refusal(
          .sinkDType, "tensor \(spec.name.quoted)", expected: "a dtype that HDF5 has",
          found: spec.dtype.rawValue)
      }
    }
    // The groups of a path take a time of its length times its depth, which has been checked.
    let groups = Set(groups.map { TensorName($0) })
    for (spec, path) in zip(contents.specs, paths) where groups.contains(TensorName(path)) {
      throw refusal(spec, "a dataset", "a group: other names begin with this one and a slash")
    }
  }
}

extension HollowFile {
  /// Whether the file is a zip archive.
  var isArchive: Bool { bytes.starts(with: "PK\u{3}\u{4}".utf8) }

  /// The bytes of a sparse file outside the holes.
  init(_ file: ReadableFile, holes unordered: [TensorHole]) throws(FileError) {
    let holes = unordered.sorted { $0.position < $1.position }
    var bytes: [UInt8] = []
    var position = 0
    for hole in holes {
      bytes += try file.bytes(at: position, count: hole.position - position)
      position = hole.position + hole.count
    }
    bytes += try file.bytes(at: position, count: file.size - position)
    self.init(name: nil, bytes: bytes, holes: holes)
  }
}
