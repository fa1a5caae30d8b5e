import Pickle

/// Pickles of training checkpoints, built part by part.
enum TrainingBytes {
  /// A tensor of six elements F32, of a shape.
  static func tensor(_ shape: [Int]) -> TensorArguments {
    var arguments = TensorArguments()
    arguments.shape = shape
    arguments.strides = shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    return arguments
  }

  /// A file whose root is a dictionary.
  static func file(_ body: (inout PickleWriter) -> Void) -> [UInt8] {
    TorchBytes(pickled { $0.dictionary(body) }).file
  }

  /// A key, and a dictionary under it.
  static func entry(
    _ key: String, _ writer: inout PickleWriter, _ body: (inout PickleWriter) -> Void
  ) {
    writer.text(key)
    writer.dictionary(body)
  }

  /// A key, and a dictionary of tensors of these names and shapes.
  static func tensors(_ key: String, _ names: [(String, [Int])], _ writer: inout PickleWriter) {
    entry(key, &writer) { writer in for (name, shape) in names { writer.tensor(name, tensor(shape)) } }
  }

  /// The entries of an optimizer's state dict, with one parameter.
  static func optimizer(_ writer: inout PickleWriter) {
    entry("state", &writer) { writer in
      writer.integer(0)
      writer.dictionary { $0.tensor("exp_avg", tensor([2, 3])) }
    }
    writer.text("param_groups")
    writer.list { writer in
      writer.dictionary { writer in
        writer.text("params")
        writer.list { $0.integer(0) }
      }
    }
  }

  /// The model file of a training with DeepSpeed, with the two parameters `w` and `b`.
  ///
  /// - Parameter shapes: the shapes of the stored tensors.
  static func deepSpeed(_ shapes: [(String, [Int])], ranks: Int = 1) -> [UInt8] {
    file { writer in
      tensors("module", shapes, &writer)
      writer.text("param_shapes")
      writer.list { writer in
        writer.call(PickleGlobal("collections", "OrderedDict")) { _ in }
        writer.items { writer in
          for (name, shape) in [("w", [2, 3]), ("b", [3])] {
            writer.text(name)
            writer.call(PickleGlobal("torch", "Size")) { $0.tuple(shape) }
          }
        }
      }
      writer.text("mp_world_size")
      writer.integer(ranks)
      writer.text("ds_version")
      writer.text("0.18.2")
    }
  }

  /// The optimizer file of a training with DeepSpeed.
  ///
  /// - Parameter key: the key of the weights; nil for a file without them.
  static func deepSpeedOptimizer(_ key: String?, stage: Int) -> [UInt8] {
    file { writer in
      entry("optimizer_state_dict", &writer) { writer in
        writer.text("zero_stage")
        writer.integer(stage)
        writer.text("partition_count")
        writer.integer(2)
        if let key {
          writer.text(key)
          writer.list { $0.tensor(tensor([6])) }
        }
      }
      writer.text("ds_version")
      writer.text("0.18.2")
    }
  }
}

extension PickleWriter {
  /// A tensor of a class whose elements are divided among ranks.
  mutating func ofRanks(_ module: String, _ name: String) {
    call(PickleGlobal("torch._utils", "_rebuild_wrapper_subclass")) { writer in
      writer.global(PickleGlobal(module, name))
      writer.tuple([4, 3])
    }
  }
}
