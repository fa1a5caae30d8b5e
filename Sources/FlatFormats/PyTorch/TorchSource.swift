internal import ByteFiles
internal import Pickle
internal import Synchronization
internal import TensorStreams
internal import Tensors
internal import Zip

/// A PyTorch file: a zip archive, or the older sequence of pickles. No byte of it is ever run.
final class TorchSource: FlatWeightsSource {
  let kind = FlatFormatKind.pytorch
  let tensors: [SourceTensor]
  let metadata: [(key: String, value: String)] = []
  let remarks: [FlatRemark]
  let leftOut: [LeftOut]
  private let file: ReadableFile
  private let archive: ZipArchive?
  private let layouts: [TorchTensor]
  private let storages: [TorchStorage]
  private let places: [Place]
  private let isBigEndian: Bool
  /// The place of the pickle, if some tensors store their elements in it.
  private let home: PickleHome?
  /// The numbers of storages whose CRC-32 has been checked.
  private let sound = Mutex<Set<Int>>([])
  /// The most bytes of a tensor that a reader puts in order at a time, and of a packed storage that it unpacks.
  private let windowLimit: Int?
  /// The packed storage that was unpacked last.
  private let last = Mutex<(storage: Int, payload: MemoryPayload)?>(nil)
  /// The state of the file's optimizer, if the tensors are those of the optimizer.
  private let state: OptimizerState?

  var path: String { file.path }
  var verbatim: [UInt8]? { nil }

  /// The place of a storage's bytes.
  private enum Place {
    case member(ZipEntry)
    case region(start: Int)
    case pickle(PickledBytes)
  }

  /// - Parameter windowLimit: the bytes of a reader's window, if many readers of different files are in use at once.
  init(
    _ file: ReadableFile, part: TorchContents.Part = .weights,
    windowLimit: Int? = nil
  ) throws(FlatFormatError) {
    self.windowLimit = windowLimit
    let head = FileHead(of: file)
    if TorchRecognition.isTar(head) {
      throw .refused(
        .torchTar, path: file.path, place: "first bytes",
        expected: "a PyTorch file of version 0.2 or later (load and save it once with such a version)",
        found: "a tar archive, as versions before wrote")
    }
    let contents: TorchContents
    if head.starts(with: "PK") {
      let zip = try TorchArchive(file)
      guard let (tree, home, rest) = try zip.tree(of: "data.pkl") else {
        throw zip.refusal(.torchMembers, "data.pkl", "a pickle", "no such member")
      }
      contents = try TorchContents(
        tree, in: home, path: file.path, place: "pickle \(TensorName("\(zip.top)/data.pkl").quoted)",
        fileSize: file.size, part: part)
      places = try Self.members(of: contents.storages, in: zip)
      isBigEndian = try zip.isBigEndian()
      archive = zip.archive
      remarks = contents.remarks + Self.remarks(zip, contents, rest: rest)
      leftOut = contents.leftOut + Self.constants(of: zip) + Self.others(of: file, part)
      self.home = contents.hasArrays ? home : nil
    } else {
      guard let legacy = try TorchLegacy(file) else { throw try Self.barePickle(file) }
      let home = PickleHome.file(FilePayload(file: file, start: 0))
      contents = try TorchContents(
        legacy.tree, in: home, path: file.path, place: "pickle", fileSize: file.size, part: part)
      let (starts, rest) = try legacy.starts(of: contents.storages)
      places = zip(starts, contents.storages).map { start, storage in
        storage.pickled.map { .pickle($0) } ?? .region(start: start ?? 0)
      }
      isBigEndian = legacy.isBigEndian
      archive = nil
      remarks =
        contents.remarks
        + (rest > 0 ? [Self.trailing("file", rest, unread: file.size - rest..<file.size)] : [])
      leftOut = contents.leftOut + Self.others(of: file, part)
      self.home = contents.hasArrays ? home : nil
    }
    self.file = file
    state = contents.optimizer
    storages = contents.storages
    layouts = contents.tensors.map(\.tensor)
    tensors = contents.tensors.map { SourceTensor(spec: $0.spec, tiedTo: $0.tiedTo) }
  }

  /// The other files of the model; an optimizer is in one file.
  private static func others(of file: ReadableFile, _ part: TorchContents.Part) -> [LeftOut] {
    part == .weights ? [LeftOut(othersOf: file.path)].compactMap(\.self) : []
  }

  /// The tensors are in the order in which the model registers its parameters.
  var isInModelOrder: Bool { true }

  func optimizer() throws(FlatFormatError) -> OptimizerInput? {
    let source = try TorchSource(file, part: .optimizer)
    return source.state.map { OptimizerInput(source, $0) }
  }

  /// The error for a pickle that is not a PyTorch file.
  private static func barePickle(_ file: ReadableFile) throws(FlatFormatError) -> FlatFormatError {
    let pickles = TorchPickle(file, start: 0, size: file.size, place: "pickle")
    var tree = try pickles.tree()
    var globals = tree.globals
    // A hostile pickle may follow a harmless one, so up to 16 more pickles are read.
    for _ in 0..<16 where tree.end < file.size {
      guard let next = try? pickles.tree(from: tree.end) else { break }
      tree = next
      globals += next.globals
    }
    let foreign = globals.filter { !TorchGlobals.isTensors($0) }
    if foreign.isEmpty {
      return .refused(
        .torchNoTensors, path: file.path, place: "pickle", expected: "a PyTorch file",
        found: "a pickle without tensors")
    }
    let names = foreign.prefix(4).map { TensorName($0.description).quoted }.joined(separator: ", ")
    return .refused(
      .pickleGlobals, path: file.path, place: "pickle", expected: "a PyTorch file",
      found:
        "a pickle that refers to the Python \(foreign.count == 1 ? "name" : "names") \(names)"
        + (foreign.count > 4 ? " and \(foreign.count - 4) more" : ""))
  }

  private static func members(of storages: [TorchStorage], in zip: TorchArchive) throws(FlatFormatError)
    -> [Place]
  {
    var places: [Place] = []
    places.reserveCapacity(storages.count)
    for storage in storages {
      if let bytes = storage.pickled {
        places.append(.pickle(bytes))
        continue
      }
      let member = "data/\(storage.key)"
      guard let entry = zip.entry(member) else {
        throw zip.refusal(.torchStorage, member, "the bytes of a storage", "no such member")
      }
      guard entry.size == storage.byteCount else {
        throw zip.refusal(
          .torchStorageSize, member,
          "\(storage.byteCount.grouped) bytes for \(storage.count) elements of \(storage.className)",
          "\(entry.size.grouped)")
      }
      if let refusal = entry.refusal { throw FlatFormatError(refusal) }
      places.append(.member(entry))
    }
    return places
  }

  private static func trailing(_ place: String, _ count: Int, unread: Range<Int>? = nil) -> FlatRemark {
    FlatRemark(
      .trailingBytes, place, expected: "its end", found: "\(count.grouped) more bytes, which nothing reads",
      unread: unread)
  }

  private static func remarks(_ zip: TorchArchive, _ contents: TorchContents, rest: Int) -> [FlatRemark] {
    var remarks = rest > 0 ? [trailing("member \(TensorName("\(zip.top)/data.pkl").quoted)", rest)] : []
    for entry in zip.strangers(in: "data", keys: contents.foreignKeys.union(contents.storages.map(\.key))) {
      remarks.append(
        FlatRemark(
          .unreferencedBytes, "member \(TensorName(entry.name).quoted)",
          expected: "a storage that a tensor has",
          found: "one of \(entry.size.grouped) bytes that none has"))
    }
    return remarks
  }

  private static func constants(of zip: TorchArchive) -> [LeftOut] {
    let constants = zip.strangers(in: "constants", keys: [])
    if constants.isEmpty { return [] }
    let bytes = ByteCount(constants.reduce(0) { $0 + $1.size })
    return [
      LeftOut(
        "constants.pkl", "the constants of a TorchScript program, \(constants.count) storages (\(bytes))",
        .apart)
    ]
  }

  func reader(of index: Int) throws(FlatFormatError) -> any TensorByteReader {
    guard tensors.indices.contains(index) else { throw noSuchTensor(index) }
    let spec = tensors[index].spec
    let layout = layouts[index]
    let storage = storages[layout.storage]
    let swapWidth = storage.isBigEndian ?? isBigEndian ? layout.swapWidth : 1
    let isPlain = layout.strides.isContiguous && swapWidth == 1
    let start = layout.strides.offset * layout.itemSize
    switch places[layout.storage] {
    case .region(let first):
      if isPlain {
        return PlainReader(file: file, name: spec.name, start: first + start, count: spec.byteCount)
      }
      return reader(spec, layout, swapWidth, FilePayload(file: file, start: first))
    case .pickle(let bytes):
      guard let payload = try payload(bytes, count: storage.byteCount, inOrder: layout.strides.isContiguous)
      else { throw noSuchTensor(index) }
      return reader(spec, layout, swapWidth, payload)
    case .member(let entry):
      guard let archive else { throw noSuchTensor(index) }
      // One pass reads the bytes and checks them; only an empty storage is checked here.
      if layout.strides.isContiguous, spec.byteCount == storage.byteCount {
        let payload = MemberPayload(archive: archive, entry: entry, start: 0)
        if entry.size == 0 { try payload.check() }
        return reader(spec, layout, swapWidth, payload)
      }
      if entry.method == .stored {
        try requireSound(layout.storage, entry, archive)
        if isPlain {
          return PlainReader(
            file: file, name: spec.name, start: entry.dataStart + start, count: spec.byteCount)
        }
        return reader(spec, layout, swapWidth, FilePayload(file: file, start: entry.dataStart))
      }
      return reader(spec, layout, swapWidth, try unpacked(layout.storage, entry, archive))
    }
  }

  private func reader(
    _ spec: TensorSpec, _ layout: TorchTensor, _ swapWidth: Int, _ payload: any NpyPayload
  ) -> RearrangingReader {
    RearrangingReader(
      path: path, spec: spec, strides: layout.strides, itemSize: layout.itemSize, swapWidth: swapWidth,
      payload: payload, windowLimit: windowLimit ?? RearrangingReader.windowLimit)
  }

  /// The elements of an array in the pickle.
  ///
  /// - Parameter inOrder: whether they are read once, from the first to the last.
  private func payload(
    _ bytes: PickledBytes, count: Int, inOrder: Bool
  ) throws(FlatFormatError) -> (any NpyPayload)? {
    guard let home else { return nil }
    switch bytes {
    case .held(let bytes): return MemoryPayload(bytes, path: path)
    case .plain(let start, _): return SlicePayload(home.payload, start: start)
    case .text(let start, let size):
      let text = Latin1Payload(home.payload, start: start, count: size, path: path)
      if inOrder { return text }
      // The reader has limited the number of these bytes.
      var all = [UInt8](repeating: 0, count: count)
      var failure: FlatFormatError?
      all.withUnsafeMutableBytes { buffer in
        do throws(FlatFormatError) { try text.read(at: 0, into: buffer) } catch { failure = error }
      }
      if let failure { throw failure }
      return MemoryPayload(all, path: path)
    }
  }

  /// A packed storage in memory; it is kept until another one is needed.
  private func unpacked(
    _ storage: Int, _ entry: ZipEntry, _ archive: ZipArchive
  ) throws(FlatFormatError) -> MemoryPayload {
    if let last = last.withLock({ $0 }), last.storage == storage { return last.payload }
    let payload = try MemoryPayload(
      entry, archive, limit: windowLimit ?? MemoryPayload.limit)
    last.withLock { $0 = (storage, payload) }
    return payload
  }

  /// Reads a storage once to check its CRC-32, before parts of it are read from the file.
  private func requireSound(_ storage: Int, _ entry: ZipEntry, _ archive: ZipArchive) throws(FlatFormatError)
  {
    if sound.withLock({ $0.contains(storage) }) { return }
    try asFlatFormat { () throws(ZipError) in try archive.stream(of: entry).skip(entry.size) }
    sound.withLock { _ = $0.insert(storage) }
  }

  static let format = FlatFormat(
    kind: .pytorch, name: "PyTorch", suffix: ".pt", otherSuffixes: [".pth", ".ckpt", ".bin"],
    mayHoldPickles: true,
    matches: TorchRecognition.matches,
    open: { file, _ throws(FlatFormatError) in try TorchSource(file) },
    sink: { contents throws(FlatFormatError) in try TorchSink(contents) })
}

extension TorchTensor {
  /// The number of bytes to reverse together in a file of the other byte order: a number, or half of a complex element.
  fileprivate var swapWidth: Int { dtype.kind == .complex ? itemSize / 2 : itemSize }
}
