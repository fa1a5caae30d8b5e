package import Accounting
internal import ByteFiles
package import FlatFormats
internal import HDF5Kit
internal import ONNXGraph
package import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// A file to count: its tensors and networks, its kind, and the policy that its plan names.
package struct CountSource {
  package private(set) var inventory: Inventory
  /// The kind as in `inspect`, or `plan`.
  package let kind: String
  private let path: String
  private let policy: String?
  /// The opened file; nil for a plan.
  package let opened: OpenedFile?
  /// The source of the tensors' bytes; nil for a plan.
  private var weights: (any TensorSource)?

  /// The tensors of an optimizer's state, which are not counted; nil if there are none.
  private var optimizer: LeftOut?

  /// The parts of the file that are not counted.
  package var leftOut: [LeftOut] {
    (weights?.leftOut ?? []) + [optimizer].compactMap(\.self)
  }

  /// A part of the model that is not counted, and whose loss `mayLose` does not accept; nil if there is none.
  package func uncounted(but mayLose: (LeftOut) -> Bool) -> LeftOut? {
    leftOut.first { $0.fate != .apart && !mayLose($0) }
  }

  /// The policy that the plan names; without one, "all-stored".
  package func plannedPolicy() throws(TesseraError) -> CountingPolicy {
    do { return try PolicyPreset.policy(named: policy ?? PolicyPreset.allStored.rawValue) } catch {
      throw TesseraError(sentence: "\(path): the plan's \(error); name one with --policy")
    }
  }

  /// Opens the file at `path`: a plan, or a file or folder with tensors.
  ///
  /// - Parameter choices: the dtype and the names, where the file leaves them open.
  package init(_ path: String, _ choices: ReadingChoices = ReadingChoices()) throws {
    let path = FlatFormats.index(ofPrefix: path) ?? path
    let file = FlatFormats.isFolder(path) ? nil : try ReadableFile(path: path)
    if let file, try PlanFile.isJSON(file) {
      try self.init(plan: PlanFile.read(file), path: path)
    } else {
      try self.init(
        try file.map { try OpenedFile($0, choices) }
          ?? OpenedFile(path, choices))
    }
  }

  private init(plan: Plan, path: String) throws {
    do {
      let specs = try plan.describedTensors
      if specs.isEmpty {
        throw TesseraError(
          sentence: "\(path): tensors: expected entries with name, dtype and shape to count, found none")
      }
      let resolved = try plan.resolve(against: specs)
      self.init(
        path, Inventory(resolved.partition, resolved.assignment), kind: "plan", policy: plan.policy,
        opened: nil)
      try readGroups()
    } catch let error as PlanError { throw TesseraError(sentence: "\(path): \(error)") }
  }

  /// Counts the contents of an open file.
  package init(_ opened: OpenedFile) throws {
    let uses = try opened.graph?.tensorUses.mapValues {
      OperatorUse(
        operation: $0.operation, input: $0.input, beside: $0.beside, node: $0.node, elements: $0.elements)
    }
    let whole = try opened.source
    let state = OptimizerNames(whole.tensors.map(\.spec.name))
    let counted = state.others(of: whole.tensors.count)
    switch try opened.contents {
    case .flat(let flat):
      self.init(
        opened.path,
        Inventory(
          flat: counted.map { flat.tensors[$0].spec }, ties: Self.ties(among: counted, of: flat),
          uses: uses ?? [:]),
        kind: flat.kind.rawValue, policy: nil, opened: opened)
    case .checkpoint(let checkpoint):
      let plan = try checkpoint.resolvedPlan().weights
      self.init(
        opened.path, Inventory(plan.partition, plan.assignment, uses: uses ?? [:]), kind: "unit-checkpoint",
        policy: try checkpoint.parsedPlan().policy, opened: opened)
    }
    weights = whole.withoutOptimizer.source
    if !state.members.isEmpty {
      let bytes = state.members.reduce(0) { $0 + whole.tensors[$1].spec.byteCount }
      optimizer = LeftOut(
        OptimizerNames.prefix + "state",
        "the state of an optimizer, \(state.members.count) tensors (\(ByteCount(bytes))), which are no parameters",
        .apart)
    }
    try readDeclaredShapes()
    try readGroups()
  }

  /// The ties whose tensors are both counted.
  private static func ties(among counted: [Int], of source: any TensorSource) -> [TensorName: TensorName] {
    let names = Set(counted.map { source.tensors[$0].spec.name })
    return source.ties.filter { names.contains($0.key) && names.contains($0.value) }
  }

  /// The most bytes of a tensor that holds the shape of another one; eight extents of eight bytes are enough.
  private static let shapeLimit = 64

  /// Reads the tensors with the shapes of packed weights, a few bytes each.
  private mutating func readDeclaredShapes() throws(TesseraError) {
    let wanted = inventory.declaredShapes
    guard let weights, !wanted.isEmpty else { return }
    let places = weights.places
    for (place, name) in wanted.sorted(by: { $0.key < $1.key }) {
      guard let index = places[name] else { continue }
      let spec = weights.tensors[index].spec
      guard spec.dtype == .i64 || spec.dtype == .i32, spec.byteCount <= Self.shapeLimit else { continue }
      let bytes: [UInt8]
      do { bytes = try weights.reader(of: index).rest() } catch { throw TesseraError(error) }
      let width = spec.dtype == .i64 ? 8 : 4
      let extents = stride(from: 0, to: bytes.count, by: width).map { start in
        bytes[start..<start + width].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      }
      // A negative extent becomes one that is larger than any weight has.
      inventory.declare(shape: extents.map { Int(clamping: $0) }, of: place)
    }
  }

  /// Reads the bits and groups of packed weights from the model's config.json.
  private mutating func readGroups() throws(TesseraError) {
    guard inventory.asksForGroups, let configuration = try ModelConfiguration(beside: path) else { return }
    inventory.declare(configuration.groups)
  }

  /// Reads what policies need in addition to names and shapes, once for all policies: the tensors' values, and the
  /// number of experts for a token.
  ///
  /// - Parameters:
  ///   - expertsPerToken: the number that the user gave; with nil, it comes from the model's config.json.
  ///   - progress: called from time to time with the bytes of values read so far, and their total.
  package mutating func readValues(
    for policies: [CountingPolicy], expertsPerToken: Int? = nil,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(TesseraError) {
    inventory.expertsPerToken = expertsPerToken
    if policies.contains(where: { $0.experts == .active }),
      let configuration = try ModelConfiguration(beside: path)
    {
      inventory.declaredExperts = try configuration.experts()
      if expertsPerToken == nil { inventory.expertsPerToken = try configuration.expertsPerToken() }
    }
    guard let weights else { return }
    let densities = Set(policies.map(\.density))
    do {
      if densities.contains(.nonZero) {
        let total = inventory.tensors.reduce(0) { $0 + $1.byteCount }
        inventory.keep(
          nonZero: try NonZeroCount.blocks(
            of: inventory.tensors, in: weights, placements: inventory.placed
          ) { progress($0, total) })
      }
      if densities.contains(.masked) || densities.contains(.nonZero) {
        let counter = MaskCounter(inventory.placed, in: weights)
        inventory.countMasks { (tensor, masks, ofNonZero) throws(AccountingError) in
          try counter.count(of: tensor, keptBy: masks, ofNonZero: ofNonZero)
        }
      }
    } catch { throw TesseraError(error) }
  }

  private init(_ path: String, _ inventory: Inventory, kind: String, policy: String?, opened: OpenedFile?) {
    self.opened = opened
    self.path = path
    self.inventory = inventory
    self.kind = kind
    self.policy = policy
  }
}

extension PlanFile {
  /// Whether a file is JSON: it has no tensor format, and its first character opens an object.
  fileprivate static func isJSON(_ file: ReadableFile) throws -> Bool {
    if try HDF5File.hasSignature(file) || FlatFormats.recognise(file) != nil || CheckpointSet.isList(file) {
      return false
    }
    let head = try file.bytes(at: 0, count: min(256, file.size))
    return head.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
  }
}
