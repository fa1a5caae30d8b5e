internal import Accounting
internal import FlatFormats
internal import Reporting
internal import TensorStreams
internal import Tensors
internal import Tessera
internal import UnitCheckpoints

/// Reads what `inspect` and `report` say about a file's tensors.
struct FileInspection {
  /// The path as the user gave it.
  let file: String
  /// Whether each tensor gets its digest. Those of a flat file are computed from its bytes.
  var hasDigests = false
  /// Whether a flat file gets the digest of all tensors together; this needs their digests.
  var hasModelDigest = false
  /// Whether each tensor gets the statistics of its values, for which every byte is read.
  var hasStatistics = false
  /// The selection and the order of the listing; a selection also has the number of all tensors.
  var view = Inspection.View()
  /// The places of the selected tensors.
  var places: ([TensorName]) throws -> [Int] = { Array($0.indices) }

  /// The inspection of a flat file or a checkpoint.
  func inspection(of opened: OpenedFile) throws -> Inspection {
    switch try opened.contents {
    case .flat(let source): try inspection(of: source)
    case .checkpoint(let checkpoint): try inspection(of: checkpoint)
    }
  }

  private func inspection(of source: any FlatWeightsSource) throws -> Inspection {
    let places = try places(source.tensors.map(\.spec.name))
    let digests = hasDigests || hasModelDigest ? try self.digests(of: source, places) : [:]
    let statistics = try statistics(of: source, places)
    let rows = places.map { place in
      let tensor = source.tensors[place]
      return Inspection.Tensor(
        spec: tensor.spec, digest: digests[place], tiedTo: tensor.tiedTo, statistics: statistics[place])
    }
    let digested = places.compactMap { place in digests[place].map { (source.tensors[place].spec, $0) } }
    return Inspection(
      file: source.path, kind: source.kind.rawValue, tensors: rows, metadata: source.metadata,
      notes: source.remarks.map {
        Inspection.Note(
          kind: $0.kind.rawValue, isWarning: $0.kind.canRunCode, place: $0.place,
          message: "expected \($0.expected), found \($0.found)")
      },
      leftOut: LeftOutList(source),
      modelDigest: hasModelDigest ? Tensors.modelDigest(of: digested) : nil, view: view(of: source))
  }

  /// The inspection of a unit checkpoint; the digests come from its index.
  private func inspection(of checkpoint: UnitCheckpoint) throws -> Inspection {
    let index = checkpoint.index
    let places = try places(index.tensors.map(\.spec.name))
    let statistics = try statistics(of: checkpoint, places)
    let rows = try places.map { place in
      let tensor = index.tensors[place]
      return Inspection.Tensor(
        spec: tensor.spec, digest: hasDigests ? tensor.digest : nil,
        tiedTo: tensor.tiedTo.map { index.tensors[$0].spec.name },
        placement: try checkpoint.placementWords(of: place), statistics: statistics[place])
    }
    let record = try checkpoint.sourceRecord()
    return Inspection(
      file: checkpoint.path, kind: "unit-checkpoint", tensors: rows, metadata: [],
      modelDigest: checkpoint.modelDigest, checkpoint: try checkpoint.summary(),
      files: record.files.map { ($0.name, $0.digest) },
      added: record.inputs.compactMap { input in
        input.name.map {
          Inspection.Added(
            task: $0, kind: input.record.kind, tensors: input.tensors.count,
            files: input.record.files.map { ($0.name, $0.digest) })
        }
      }, view: view(of: checkpoint))
  }

  private func view(of source: any TensorSource) -> Inspection.View {
    var view = view
    if view.all != nil { view.all = source.tensors.count }
    return view
  }

  private func digests(of source: any TensorSource, _ places: [Int]) throws -> [Int: SHA256Digest] {
    var bar = ProgressBar("hashing", total: places.reduce(0) { $0 + source.tensors[$1].spec.byteCount })
    defer { bar.finish() }
    var done = 0
    var digests: [Int: SHA256Digest] = [:]
    for place in places {
      digests[place] = try source.digest(of: place) {
        done += $0
        bar.update(done)
      }
    }
    return digests
  }

  private func statistics(of source: any TensorSource, _ places: [Int]) throws -> [Int: ValueStatistics] {
    guard hasStatistics else { return [:] }
    // The values of some block-quantised types are not read here.
    let places = places.filter { source.tensors[$0].spec.dtype.hasValues }
    var bar = ProgressBar("reading", total: places.reduce(0) { $0 + source.tensors[$1].spec.byteCount })
    defer { bar.finish() }
    let found = try TensorStatistics.run(source, places) { bar.update($0) }
    return Dictionary(uniqueKeysWithValues: zip(places, found))
  }
}
