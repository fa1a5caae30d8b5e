internal import ONNXGraph

/// y₀[i], y₁[i], … = body(s[i], x₁[i] or x₁, …) for each place i of s
///
/// s: a sequence of n tensors; xⱼ: sequences of n tensors, of which the body gets one, or tensors, which it gets whole →
/// yⱼ: sequences of n tensors. The body also sees the values around it. Source: ONNX `SequenceMap`, version 17.
enum SequenceMap: ValueOperator {
  static var since: Int { 17 }

  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] {
    let count = try call.sequence(0).count
    var inputs: [Value] = []
    for index in call.inputs.indices { inputs.append(try call.required(index)) }
    for (index, input) in inputs.enumerated() {
      if case .sequence(let other) = input, other.count != count {
        throw call.wrong(index, "\(count) tensors, as the first input has", found: "\(other.count)")
      }
    }
    let body = try call.body(inputs: inputs.count, outputs: 1)
    var sequences: [TensorSequence?] = body.outputTypes.map { _ in nil }
    for place in 0..<count {
      try call.budget.takeTrip()
      try call.budget.spend(inputs.count)
      let outputs = try call.outputs(
        of: body, inputs.map { if case .sequence(let all) = $0 { .tensor(all[place]) } else { $0 } })
      for (index, output) in outputs.enumerated() {
        guard case .tensor(let tensor) = output else {
          throw OperatorError("tensors as outputs of the body", found: output.words)
        }
        if let sequence = sequences[index] {
          sequences[index] = try sequence.inserting(tensor, at: sequence.count)
        } else {
          sequences[index] = try TensorSequence(tensor.type, [tensor], call.budget)
        }
      }
    }
    var results: [Value] = []
    for (sequence, type) in zip(sequences, body.outputTypes) {
      if let sequence {
        results.append(.sequence(sequence))
      } else if case .tensor(let type?, _)? = type {
        results.append(.sequence(try TensorSequence(type, [], call.budget)))
      } else {
        throw .unsupported(
          "a declared type of the body's output, because the sequence is empty", found: "none")
      }
    }
    return results
  }
}
