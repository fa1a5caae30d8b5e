internal import ByteFiles
internal import Pickle
internal import TensorStreams
internal import Tensors

/// What the metadata of a distributed checkpoint and its files hold: the tensors of the model, and the rest by name.
struct DistributedContents {
  var tensors: [DistributedTensor] = []
  private(set) var leftOut: [LeftOut] = []
  /// The entries that belong to optimizers.
  private(set) var states: DistributedStates
  private(set) var remarks: [FlatRemark] = []
  private(set) var files: DistributedFiles
  /// The parts of files: each piece, each value, and bytes that belong to neither.
  private(set) var parts: [(file: Int, range: Range<Int>)] = []
  /// The defects that were found, each in another tensor or file.
  private(set) var errors: [FlatFormatError] = []

  /// - Parameter isComplete: whether all defects are listed; otherwise the first one is thrown.
  init(_ metadata: DistributedMetadata, path: String, isComplete: Bool) throws(FlatFormatError) {
    files = DistributedFiles(beside: path)
    remarks = metadata.remarks
    var places: [DistributedMetadata.Key: (file: Int, range: Range<Int>)] = [:]
    // Pieces without a readable file; its defect is listed once, not for each of them.
    var lost: Set<DistributedMetadata.Key> = []
    var failed: Set<TensorName> = []
    var problems = ShardProblems()
    // The order of the files, so that errors and numbers do not depend on hashes.
    for (key, stored) in metadata.stored.sorted(by: Self.precedes) {
      do throws(FlatFormatError) {
        lost.insert(key)
        if failed.contains(TensorName(stored.file)) { continue }
        failed.insert(TensorName(stored.file))
        let number = try files.number(stored.file)
        failed.remove(TensorName(stored.file))
        try files.take(stored.range, of: number, Self.place(key))
        places[key] = (number, stored.range)
        lost.remove(key)
        parts.append((number, stored.range))
      } catch {
        if !isComplete { throw error }
        problems.add(error)
      }
    }
    let named = metadata.tensors.map(\.name) + metadata.values
    let names = DistributedNames(named)
    let model = metadata.tensors.filter { names.optimizers[$0.name] == nil }.map(\.name)
    let wrapper = DistributedNames.wrapper(of: model, metadata.firstKeys)
    states = DistributedStates(optimizers: names.optimizers.values, wrapper: wrapper)
    var rest = DistributedLeftOut()
    for entry in metadata.tensors {
      do throws(FlatFormatError) {
        let tensor = try Self.tensor(entry, places, lost, path: path)
        if let optimizer = names.optimizers[entry.name] {
          rest.add(to: optimizer, tensorBytes: tensor.map(Self.byteCount) ?? 0)
          states.add(metadata.reshaped.contains(entry.name) ? nil : tensor, named: entry.name)
          continue
        }
        guard var tensor else {
          let dtype = TensorName(entry.dtype.description).quoted
          rest.add(LeftOut(entry.name.text, "a tensor of \(dtype)"))
          continue
        }
        if metadata.reshaped.contains(entry.name) {
          rest.add(
            LeftOut(
              entry.name.text, "a tensor that Megatron stores in another shape than its own (mcore_data)"))
          continue
        }
        if let wrapper, let rest = SystemPath.rest(of: entry.name.text, after: wrapper + ".") {
          tensor = tensor.named(TensorName(rest))
        }
        tensors.append(tensor)
      } catch {
        if !isComplete { throw error }
        problems.add(error)
      }
    }
    for name in metadata.values {
      let place = places[DistributedMetadata.Key(name: name, offset: nil)]
      if let optimizer = names.optimizers[name] {
        rest.add(to: optimizer, tensorBytes: nil)
        states.add(value: name, at: place)
      } else {
        rest.add(value: name, byteCount: place?.range.count)
      }
    }
    noteForeign(places, metadata)
    do throws(FlatFormatError) { note(try files.unused()) } catch {
      if !isComplete { throw error }
      problems.add(error)
    }
    leftOut = rest.all
    errors = problems.errors
  }

  /// A tensor with the places of its pieces; nil if no dtype here has its elements.
  private static func tensor(
    _ entry: DistributedMetadata.Entry,
    _ places: [DistributedMetadata.Key: (file: Int, range: Range<Int>)],
    _ lost: Set<DistributedMetadata.Key>, path: String
  ) throws(FlatFormatError) -> DistributedTensor? {
    guard let (dtype, perItem) = TorchDType.dtype(entry.dtype) else { return nil }
    var tensor = DistributedTensor(
      name: entry.name, dtype: dtype, shape: entry.size,
      itemSize: max(1, dtype.byteCount(ofElements: perItem)),
      pieces: [])
    for box in entry.boxes where !box.isEmpty {
      let key = DistributedMetadata.Key(name: entry.name, offset: box.offsets)
      if let (file, range) = places[key] {
        tensor.pieces.append(DistributedTensor.Piece(box: box, place: .archive(file: file, range)))
      } else if lost.contains(key) {
        // A place without bytes: the checkpoint is not opened, and other defects of the tensor are still found.
        tensor.pieces.append(DistributedTensor.Piece(box: box, place: .archive(file: 0, 0..<0)))
      } else {
        throw .refused(
          .dcpPiece, path: path, place: "tensor \(entry.name.quoted)",
          expected: "a place for its piece \(box.words)", found: "none")
      }
    }
    return tensor
  }

  private static func byteCount(_ tensor: DistributedTensor) -> Int {
    if tensor.shape.contains(0) { return 0 }
    return tensor.shape.reduce(tensor.itemSize) { product, extent in
      let (bytes, overflow) = product.multipliedReportingOverflow(by: extent)
      return overflow ? .max : bytes
    }
  }

  private static func precedes(
    _ one: (key: DistributedMetadata.Key, value: DistributedMetadata.Stored),
    _ other: (key: DistributedMetadata.Key, value: DistributedMetadata.Stored)
  ) -> Bool {
    let (first, second) = (TensorName(one.value.file), TensorName(other.value.file))
    if first != second { return first < second }
    let (a, b) = (one.value.range, other.value.range)
    if (a.lowerBound, a.upperBound) != (b.lowerBound, b.upperBound) {
      return (a.lowerBound, a.upperBound) < (b.lowerBound, b.upperBound)
    }
    if one.key.name != other.key.name { return one.key.name < other.key.name }
    return (one.key.offset ?? []).lexicographicallyPrecedes(other.key.offset ?? [])
  }

  private static func place(_ key: DistributedMetadata.Key) -> String {
    key.offset.map { "piece \($0) of \(key.name.quoted)" } ?? "value \(key.name.quoted)"
  }

  /// Bytes of pieces that no tensor and no value has are a note, too: PyTorch passes over them.
  private mutating func noteForeign(
    _ places: [DistributedMetadata.Key: (file: Int, range: Range<Int>)], _ metadata: DistributedMetadata
  ) {
    var foreign = places
    for entry in metadata.tensors {
      for box in entry.boxes { foreign[.init(name: entry.name, offset: box.offsets)] = nil }
    }
    for name in metadata.values { foreign[.init(name: name, offset: nil)] = nil }
    let sorted = foreign.sorted {
      ($0.value.file, $0.value.range.lowerBound) < ($1.value.file, $1.value.range.lowerBound)
    }
    remarks += sorted.prefix(100).map { key, stored in
      FlatRemark(
        .unreferencedBytes, Self.place(key), expected: "a tensor or a value of this name with this piece",
        found: "none; its bytes are \(stored.range.lowerBound) to \(stored.range.upperBound) of "
          + TensorName(files.names[stored.file]).quoted)
    }
  }

  /// Bytes that belong to nothing are a note; pickles may hide in them.
  private mutating func note(_ unused: [(file: Int, range: Range<Int>)]) {
    parts += unused
    remarks += unused.prefix(100).map { number, range in
      FlatRemark(
        .unreferencedBytes, "file \(TensorName(files.names[number]).quoted)",
        expected: "pieces with all of its bytes",
        found: "bytes \(range.lowerBound) to \(range.upperBound), which belong to none")
    }
  }
}

extension DistributedTensor {
  func named(_ name: TensorName) -> DistributedTensor {
    DistributedTensor(name: name, dtype: dtype, shape: shape, itemSize: itemSize, pieces: pieces)
  }
}
