import ONNXGraph
import TestSupport

extension HostileGraph {
  static let all: [HostileGraph] =
    orderCases + shapeCases + greedyCases + loopCases + HostileOperator.all.map(\.hostile)

  private static func graph(
    _ label: String, _ words: [String], opset: Int = 17,
    _ build: @escaping @Sendable (inout WireWriter) -> Void
  ) -> HostileGraph {
    HostileGraph(label: label, words: words, opset: opset, graph: { build(&$0.writer) })
  }

  private static let orderCases: [HostileGraph] = [
    graph("a cycle", ["'second'", "cycle"]) { graph in
      graph.node("Relu", ["b"], ["a"], name: "first")
      graph.node("Relu", ["a"], ["b"], name: "second")
      graph.value(12, "a")
    },
    graph("a node that waits for itself", ["'self'", "'a'"]) { graph in
      graph.node("Relu", ["a"], ["a"], name: "self")
      graph.value(12, "a")
    },
    graph("an input that no node makes", ["'only'", "'ghost'"]) { graph in
      graph.node("Relu", ["ghost"], ["a"], name: "only")
      graph.value(12, "a")
    },
    graph("an output that no node makes", ["'ghost'"]) { graph in
      graph.ones("a", [1])
      graph.value(12, "ghost")
    },
    graph("a value made twice", ["'second'", "'a'"]) { graph in
      graph.ones("x", [1])
      graph.node("Relu", ["x"], ["a"], name: "first")
      graph.node("Relu", ["x"], ["a"], name: "second")
      graph.value(12, "a")
    },
    graph("an unknown operator", ["'odd'", "Frobnicate"]) { graph in
      graph.node("Frobnicate", [], ["a"], name: "odd")
      graph.value(12, "a")
    },
    graph("an input that is missing", ["'x'"]) { graph in
      graph.value(11, "x", [1])
      graph.node("Relu", ["x"], ["a"])
      graph.value(12, "a")
    },
    graph("an operator set without a version", ["'r'", "operator set"], opset: 0) { graph in
      graph.ones("x", [1])
      graph.node("Relu", ["x"], ["a"], name: "r")
      graph.value(12, "a")
    },
  ]

  private static let shapeCases: [HostileGraph] = [
    graph("shapes that do not broadcast", ["'sum'", "[2] and [3]"]) { graph in
      graph.ones("x", [2])
      graph.ones("z", [3])
      graph.node("Add", ["x", "z"], ["a"], name: "sum")
      graph.value(12, "a")
    },
    graph("types that do not mix", ["'sum'", "'z'", "I64"]) { graph in
      graph.ones("x", [2])
      graph.int64s("z", [1, 2])
      graph.node("Add", ["x", "z"], ["a"], name: "sum")
      graph.value(12, "a")
    },
    graph("a convolution of a matrix", ["'conv'", "'w'"]) { graph in
      graph.ones("x", [2, 3])
      graph.ones("w", [2, 3])
      graph.node("Conv", ["x", "w"], ["a"], name: "conv")
      graph.value(12, "a")
    },
    graph("a convolution of other channels", ["'conv'", "'w'"]) { graph in
      graph.ones("x", [1, 3, 5])
      graph.ones("w", [2, 4, 2])
      graph.node("Conv", ["x", "w"], ["a"], name: "conv")
      graph.value(12, "a")
    },
    graph("2⁶² groups", ["'conv'", "'w'"]) { graph in
      graph.ones("x", [1, 4, 5])
      graph.ones("w", [2, 4, 2])
      graph.node("Conv", ["x", "w"], ["a"], name: "conv") { $0.attribute("group", int: 1 << 62) }
      graph.value(12, "a")
    },
    graph("a dilation of 2⁶²", ["'conv'", "dilations"]) { graph in
      graph.ones("x", [1, 1, 5])
      graph.ones("w", [1, 1, 2])
      graph.node("Conv", ["x", "w"], ["a"], name: "conv") { $0.attribute("dilations", ints: [1 << 62]) }
      graph.value(12, "a")
    },
    graph("a stride of 0", ["'pool'", "strides"]) { graph in
      graph.ones("x", [1, 1, 5])
      graph.node("MaxPool", ["x"], ["a"], name: "pool") { node in
        node.attribute("kernel_shape", ints: [2])
        node.attribute("strides", ints: [0])
      }
      graph.value(12, "a")
    },
    graph("an index outside", ["'pick'", "'i'"]) { graph in
      graph.ones("x", [3])
      graph.int64s("i", [3])
      graph.node("Gather", ["x", "i"], ["a"], name: "pick")
      graph.value(12, "a")
    },
    graph("an index of −2⁶³", ["'pick'", "'i'"]) { graph in
      graph.ones("x", [3])
      graph.int64s("i", [.min], shape: [1])
      graph.node("GatherElements", ["x", "i"], ["a"], name: "pick")
      graph.value(12, "a")
    },
    graph("an axis outside", ["'soft'", "an axis"]) { graph in
      graph.ones("x", [3])
      graph.node("Softmax", ["x"], ["a"], name: "soft") { $0.attribute("axis", int: 7) }
      graph.value(12, "a")
    },
    graph("a shape of other elements", ["'shape'", "'s'"]) { graph in
      graph.ones("x", [6])
      graph.int64s("s", [4, -1])
      graph.node("Reshape", ["x", "s"], ["a"], name: "shape")
      graph.value(12, "a")
    },
    graph("an attribute of another type", ["'concat'", "'axis'"]) { graph in
      graph.ones("x", [6])
      graph.node("Concat", ["x"], ["a"], name: "concat") { $0.attribute("axis", text: "0") }
      graph.value(12, "a")
    },
    graph("an equation without sense", ["'ein'", "equation"]) { graph in
      graph.ones("x", [6])
      graph.node("Einsum", ["x"], ["a"], name: "ein") { $0.attribute("equation", text: "i,j->->k") }
      graph.value(12, "a")
    },
  ]

  private static let huge = 1 << 40

  private static let greedyCases: [HostileGraph] = [
    graph("a constant of 2⁴⁰ elements", ["'fill'", "elements"]) { graph in
      graph.int64s("s", [huge])
      graph.node("ConstantOfShape", ["s"], ["a"], name: "fill")
      graph.value(12, "a")
    },
    graph("a constant of 2¹²⁰ elements", ["'fill'", "elements"]) { graph in
      graph.int64s("s", [huge, huge, huge])
      graph.node("ConstantOfShape", ["s"], ["a"], name: "fill")
      graph.value(12, "a")
    },
    graph("an expansion", ["'expand'", "elements"]) { graph in
      graph.ones("x", [1])
      graph.int64s("s", [huge])
      graph.node("Expand", ["x", "s"], ["a"], name: "expand")
      graph.value(12, "a")
    },
    graph("two billion bytes, again and again", ["'fill0'", "memory"]) { graph in
      graph.int64s("s", [1 << 28])
      for index in 0..<4 { graph.node("ConstantOfShape", ["s"], ["a\(index)"], name: "fill\(index)") }
      for index in 0..<4 { graph.value(12, "a\(index)") }
    },
    graph("a tiling", ["'tile'", "'r'"]) { graph in
      graph.ones("x", [2])
      graph.int64s("r", [1 << 62])
      graph.node("Tile", ["x", "r"], ["a"], name: "tile")
      graph.value(12, "a")
    },
    graph("an enlargement", ["'resize'", "elements"]) { graph in
      graph.ones("x", [1, 1, 2, 2])
      graph.int64s("s", [1, 1, 1 << 30, 1 << 30])
      graph.node("Resize", ["x", "", "", "s"], ["a"], name: "resize")
      graph.value(12, "a")
    },
    graph("padding", ["'pad'", "elements"]) { graph in
      graph.ones("x", [1])
      graph.int64s("p", [1 << 38, 1 << 38])
      graph.node("Pad", ["x", "p"], ["a"], name: "pad")
      graph.value(12, "a")
    },
    graph("a range", ["'range'", "elements"]) { graph in
      graph.int64s("zero", [0], shape: [])
      graph.int64s("end", [.max], shape: [])
      graph.int64s("one", [1], shape: [])
      graph.node("Range", ["zero", "end", "one"], ["a"], name: "range")
      graph.value(12, "a")
    },
    graph("one hot of many", ["'hot'", "elements"]) { graph in
      graph.int64s("i", [0, 1])
      graph.int64s("depth", [1 << 36])
      graph.ones("values", [2])
      graph.node("OneHot", ["i", "depth", "values"], ["a"], name: "hot")
      graph.value(12, "a")
    },
    graph("work without end", ["'product'", "steps"]) { graph in
      graph.int64s("tall", [1 << 14, 1 << 11])
      graph.int64s("wide", [1 << 11, 1 << 14])
      graph.node("ConstantOfShape", ["tall"], ["x"])
      graph.node("ConstantOfShape", ["wide"], ["z"])
      graph.node("Unsqueeze", ["x", "axes"], ["batch"])
      graph.int64s("axes", [0])
      graph.int64s("many", [16, 1 << 14, 1 << 11])
      graph.node("Einsum", ["x", "z", "z", "x"], ["a"], name: "product") {
        $0.attribute("equation", text: "ij,kl,mn,op->")
      }
      graph.value(12, "a")
    },
    graph("a kernel larger than the world", ["'pool'"]) { graph in
      graph.ones("x", [1, 1, 4, 4])
      graph.node("AveragePool", ["x"], ["a"], name: "pool") { node in
        node.attribute("kernel_shape", ints: [1 << 29, 1 << 29])
        node.attribute("pads", ints: [1 << 29, 1 << 29, 1 << 29, 1 << 29])
      }
      graph.value(12, "a")
    },
  ]

  private static func endless(_ body: inout WireWriter) {
    body.value(11, "i", type: 7, [])
    body.value(11, "go", type: 9, [])
    body.node("Identity", ["go"], ["on"])
    body.value(12, "on", type: 9, [])
  }

  private static let loopCases: [HostileGraph] = [
    graph("a loop without end", ["'loop'", "trips"]) { graph in
      graph.tensor("yes", type: 9, [], raw: [1])
      graph.node("Loop", ["", "yes"], [], name: "loop") { $0.attribute("body") { endless(&$0) } }
      graph.ones("a", [1])
      graph.value(12, "a")
    },
    graph("a loop of 2⁶² trips", ["'loop'", "trips"]) { graph in
      graph.int64s("many", [1 << 62], shape: [])
      graph.node("Loop", ["many", ""], [], name: "loop") { node in
        node.attribute("body") { body in
          body.value(11, "i", type: 7, [])
          body.value(11, "go", type: 9, [])
          body.tensor("on", type: 9, [], raw: [1])
          body.value(12, "on", type: 9, [])
        }
      }
      graph.ones("a", [1])
      graph.value(12, "a")
    },
    graph("a branch that is no graph", ["'if'", "then_branch"]) { graph in
      graph.tensor("yes", type: 9, [], raw: [1])
      graph.node("If", ["yes"], ["a"], name: "if") { $0.attribute("then_branch", int: 1) }
      graph.value(12, "a")
    },
    graph("graphs within each other", ["graphs"]) { graph in
      graph.tensor("yes", type: 9, [], raw: [1])
      nested(60, &graph)
      graph.value(12, "a")
    },
    HostileGraph(
      label: "functions that call each other twice each", words: ["nodes"],
      graph: { box in
        box.writer.node("f0", [], ["a"], name: "call", domain: "d")
        box.writer.value(12, "a")
      },
      functions: { box in
        box.writer.message(25) { function in
          function.text(1, "f31")
          function.text(5, "y")
          function.text(10, "d")
          function.node("Constant", [], ["y"], field: 7) { $0.attribute("value_int", int: 1) }
        }
        for level in 0..<31 {
          box.writer.message(25) { function in
            function.text(1, "f\(level)")
            function.text(5, "y")
            function.text(10, "d")
            function.node("f\(level + 1)", [], ["y"], name: "one", field: 7, domain: "d")
            function.node("f\(level + 1)", [], ["z"], name: "two", field: 7, domain: "d")
          }
        }
      }),
    HostileGraph(
      label: "a function that calls itself", words: ["functions"],
      graph: { box in
        box.writer.node("f", [], ["a"], name: "call", domain: "d")
        box.writer.value(12, "a")
      },
      functions: { box in
        box.writer.message(25) { function in
          function.text(1, "f")
          function.text(5, "y")
          function.text(10, "d")
          function.node("f", [], ["y"], name: "again", field: 7, domain: "d")
        }
      }),
  ]

  private static func nested(_ depth: Int, _ graph: inout WireWriter) {
    graph.node("If", ["yes"], ["a"], name: "if\(depth)") { node in
      for branch in ["then_branch", "else_branch"] where branch == "then_branch" || depth == 0 {
        node.attribute(branch) { inner in
          if depth > 0 { nested(depth - 1, &inner) } else { inner.node("Identity", ["yes"], ["a"]) }
          inner.value(12, "a")
        }
      }
    }
  }
}
