package import Accounting
package import Tensors

/// The output of `inspect`: a value that the command makes, printed as text or JSON.
package struct Inspection: Sendable {
  /// The path as the user gave it.
  package let file: String
  /// The format's name: `safetensors`, `pytorch`, `unit-checkpoint`, ….
  package let kind: String
  package let tensors: [Tensor]
  /// The format's free text.
  package let metadata: [(key: String, value: String)]
  /// Notes about the file.
  package let notes: [Note]
  /// The parts of the file that are not read as tensors.
  package let leftOut: LeftOutList
  /// The digest of all tensors together; nil for a flat file whose data were not read.
  package let modelDigest: SHA256Digest?
  /// The properties of a unit checkpoint; nil for other files.
  package let checkpoint: Checkpoint?
  /// The files of a model's folder that a unit checkpoint keeps, with the SHA-256 of each.
  package let files: [(name: String, digest: String)]
  /// The inputs that were added to the first one.
  package let added: [Added]
  /// The selection and the order of the listing.
  package let view: View

  package init(
    file: String, kind: String, tensors: [Tensor], metadata: [(key: String, value: String)],
    notes: [Note] = [], leftOut: LeftOutList = LeftOutList(), modelDigest: SHA256Digest?,
    checkpoint: Checkpoint? = nil, files: [(name: String, digest: String)] = [], added: [Added] = [],
    view: View = View()
  ) {
    self.added = added
    self.files = files
    self.file = file
    self.kind = kind
    self.tensors = tensors
    self.metadata = metadata
    self.notes = notes
    self.leftOut = leftOut
    self.modelDigest = modelDigest
    self.checkpoint = checkpoint
    self.view = view
  }

  /// An input that was added to the first one, with a task of its own.
  package struct Added: Sendable {
    /// The name of the task.
    package let task: String
    /// The format of its files.
    package let kind: String
    package let tensors: Int
    /// The other files of its folder, with the SHA-256 of each.
    package let files: [(name: String, digest: String)]

    package init(task: String, kind: String, tensors: Int, files: [(name: String, digest: String)]) {
      self.task = task
      self.kind = kind
      self.tensors = tensors
      self.files = files
    }
  }

  /// The form in which the tensors are listed.
  package struct View: Sendable {
    /// The number of tensors in the file, if only some are listed.
    package var all: Int?
    /// The order; nil for the file's order, in which text output has counters and other scalars last.
    package var order: ListingOrder?
    /// The settings for listing modules; nil to list tensors.
    package var tree: Tree?

    package init(all: Int? = nil, order: ListingOrder? = nil, tree: Tree? = nil) {
      self.all = all
      self.order = order
      self.tree = tree
    }
  }

  /// Modules with their totals.
  package struct Tree: Sendable {
    /// The deepest level that is shown; nil for all.
    package let depth: Int?

    package init(depth: Int?) { self.depth = depth }
  }

  /// A note of the file's reader.
  package struct Note: Sendable {
    /// The kind of note; the names are stable.
    package let kind: String
    package let isWarning: Bool
    package let place: String
    /// The text after the place: expected and found.
    package let message: String

    package init(kind: String, isWarning: Bool, place: String, message: String) {
      self.kind = kind
      self.isWarning = isWarning
      self.place = place
      self.message = message
    }
  }

  /// One tensor.
  package struct Tensor: Sendable {
    package let spec: TensorSpec
    package let digest: SHA256Digest?
    package let tiedTo: TensorName?
    /// Where the bytes are, in a few words; nil for flat files.
    package let placement: String?
    /// The statistics of its values; nil if they were not read.
    package let statistics: ValueStatistics?

    package init(
      spec: TensorSpec, digest: SHA256Digest? = nil, tiedTo: TensorName? = nil, placement: String? = nil,
      statistics: ValueStatistics? = nil
    ) {
      self.spec = spec
      self.digest = digest
      self.tiedTo = tiedTo
      self.placement = placement
      self.statistics = statistics
    }
  }

  /// The properties that only a unit checkpoint has.
  package struct Checkpoint: Sendable {
    /// k, the number of units.
    package let units: Int
    package let tasks: [Task]
    package let axes: [Axis]
    /// Bytes of tensor data for each unit, and for the common, whole and private parts.
    package let shares: [(owner: String, byteCount: ByteCount)]
    /// The names of the files of a set; empty for a checkpoint in one file.
    package let parts: [String]

    package init(
      units: Int, tasks: [Task], axes: [Axis],
      shares: [(owner: String, byteCount: ByteCount)], parts: [String] = []
    ) {
      self.parts = parts
      self.units = units
      self.tasks = tasks
      self.axes = axes
      self.shares = shares
    }
  }

  /// A task with its order of units and the unit set of each level.
  package struct Task: Sendable {
    package let name: String
    package let order: [Int]
    package let levels: [[Int]]
    /// The names of the levels; empty if the levels have only numbers.
    package let levelNames: [String]
    /// Axes with another order than the task's.
    package let axes: [(name: String, order: [Int], levels: [[Int]])]

    package init(
      name: String, order: [Int], levels: [[Int]], levelNames: [String] = [],
      axes: [(name: String, order: [Int], levels: [[Int]])]
    ) {
      self.name = name
      self.order = order
      self.levels = levels
      self.levelNames = levelNames
      self.axes = axes
    }
  }

  /// A channel axis.
  package struct Axis: Sendable {
    package let name: String
    package let size: Int
    /// The number of channels of each unit.
    package let units: [Int]
    package let common: Int

    package init(name: String, size: Int, units: [Int], common: Int) {
      self.name = name
      self.size = size
      self.units = units
      self.common = common
    }
  }
}
