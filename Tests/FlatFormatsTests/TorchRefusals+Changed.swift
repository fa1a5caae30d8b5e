import FlatFormats
import Pickle

extension RefusalCase {
  private static let ordered = PickleGlobal("collections", "OrderedDict")

  /// A state dictionary with one tensor, after which the pickle has `tail`.
  private static func changed(_ label: String, _ tail: [UInt8]) -> RefusalCase {
    let tensor = stateDict { writer in
      writer.text("w")
      writer.tensor(TensorArguments())
    }
    // The last two bytes are SETITEM and STOP.
    return .file(.torchTensor, "x.pt", label, TorchBytes(tensor.dropLast(2) + tail + tensor.suffix(2)).file)
  }

  /// A tensor whose rebuilding function gets a state with one attribute.
  private static func attribute(_ key: String) -> [UInt8] {
    stateDict { writer in
      writer.text("w")
      writer.call(PickleGlobal("torch._utils", "_rebuild_parameter_with_state")) { writer in
        writer.tensor(TensorArguments())
        writer.boolean(true)
        writer.call(ordered) { _ in }
        writer.call(ordered) { _ in }
        writer.items { writer in
          writer.text(key)
          writer.tensor(TensorArguments())
        }
      }
    }
  }

  /// Two tensors in views with the same key, as versions before 0.4 wrote them.
  private static func views(_ first: (start: Int, count: Int), _ second: (start: Int, count: Int)) -> [UInt8]
  {
    func tensor(_ writer: inout PickleWriter, _ name: String, _ view: (start: Int, count: Int)) {
      writer.text(name)
      writer.call(PickleGlobal("torch._utils", "_rebuild_tensor")) { writer in
        writer.persistent { writer in
          writer.text("storage")
          writer.global(PickleGlobal("torch", "FloatStorage"))
          writer.text("0")
          writer.text("cpu")
          writer.integer(6)
          writer.tuple { writer in
            writer.text("view")
            writer.integer(view.start)
            writer.integer(view.count)
          }
        }
        writer.integer(0)
        writer.tuple([2])
        writer.tuple([1])
      }
    }
    return stateDict { writer in
      tensor(&writer, "a", first)
      tensor(&writer, "b", second)
    }
  }

  /// Tensors that are changed after they were rebuilt, and views that disagree.
  static let changedCases: [RefusalCase] = [
    changed("a state (BUILD)", [0x7D, 0x62]), changed("an empty tuple for a state", [0x29, 0x62]),
    changed("items that are set", Array("(K\u{1}K\u{2}u".utf8)),
    changed("one item that is set", [0x4B, 1, 0x4B, 2, 0x73]),
    changed("elements that are appended", Array("(K\u{1}e".utf8)),
    changed("one element that is appended", [0x4B, 1, 0x61]),
    .file(.torchTensor, "x.pt", "a parameter with other data", TorchBytes(attribute("data")).file),
    .file(.torchTensor, "x.pt", "a parameter with another real part", TorchBytes(attribute("real")).file),
    .file(.torchStorage, "x.pt", "one view with two places", TorchBytes(views((0, 2), (2, 2))).legacy()),
    .file(.torchStorage, "x.pt", "one view of two lengths", TorchBytes(views((0, 2), (0, 3))).legacy()),
    .file(.torchBounds, "x.pt", "a view that leaves its storage", TorchBytes(views((5, 2), (5, 2))).legacy()),
    .file(.torchBounds, "x.pt", "a tensor that leaves its view", TorchBytes(views((0, 1), (0, 1))).legacy()),
  ]
}
