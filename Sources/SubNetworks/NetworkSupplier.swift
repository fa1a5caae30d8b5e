internal import ByteFiles
package import FlatFormats
package import ONNXGraph
internal import Tensors

/// Gives a session, or a file, the elements of a network's tensors.
package struct NetworkSupplier: TensorSupplier {
  private let graph: [NetworkGraph.Elements]
  private let firstNumber: Int
  private let elements: any TensorElements
  /// Whole tensors by lower numbers: those of graphs within the graph, and small ones of the walk.
  private let whole: any TensorSource

  package init(_ graph: NetworkGraph, elements: any TensorElements, whole: any TensorSource) {
    self.graph = graph.elements
    firstNumber = graph.firstNumber
    self.elements = elements
    self.whole = whole
  }

  package var byteCountsRead: (data: Int, rest: Int) { elements.byteCountsRead }

  package func read(_ number: Int, into buffer: UnsafeMutableRawBufferPointer) throws(GraphError) {
    var filled = 0
    do {
      try forEachWindow(of: number, byteCount: buffer.count) { window in
        guard window.count <= buffer.count - filled else { throw wrong(number) }
        UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + window.count]).copyMemory(
          from: window)
        filled += window.count
      }
      guard filled == buffer.count else { throw wrong(number) }
    } catch let error as GraphError { throw error } catch { throw .elsewhere(sentence: "\(error)") }
  }

  private func wrong(_ number: Int) -> GraphError {
    .elsewhere(
      sentence:
        "\(whole.path): tensor number \(number): expected the elements that the graph has, found others")
  }

  /// Hands over all elements of a tensor.
  package func forEachWindow(
    of number: Int, byteCount: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard number >= firstNumber else { return try Self.forEachWindow(ofWhole: number, in: whole, body) }
    guard graph.indices.contains(number - firstNumber) else { throw wrong(number) }
    switch graph[number - firstNumber] {
    case .tensor(let tensor): try elements.forEachWindow(of: tensor, body)
    case .small(let bytes): try bytes.withUnsafeBytes(body)
    }
  }

  static func forEachWindow(
    ofWhole number: Int, in source: any TensorSource, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard source.tensors.indices.contains(number) else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    let reader = try source.reader(of: number)
    var left = source.tensors[number].spec.byteCount
    while left > 0 {
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(left, buffer.count)])
      try reader.read(into: piece)
      try body(UnsafeRawBufferPointer(piece))
      left -= piece.count
    }
  }
}

/// The whole tensors of a source under their numbers.
package struct WholeSupplier: TensorSupplier {
  private let source: any TensorSource

  package init(_ source: any TensorSource) { self.source = source }

  package var byteCountsRead: (data: Int, rest: Int) { (0, 0) }

  package func read(_ number: Int, into buffer: UnsafeMutableRawBufferPointer) throws(GraphError) {
    var filled = 0
    do {
      try NetworkSupplier.forEachWindow(ofWhole: number, in: source) { window in
        guard window.count <= buffer.count - filled else { return }
        UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + window.count]).copyMemory(
          from: window)
        filled += window.count
      }
    } catch { throw .elsewhere(sentence: "\(error)") }
    guard filled == buffer.count else {
      throw .elsewhere(
        sentence: "\(source.path): tensor number \(number): expected \(buffer.count) bytes, found \(filled)")
    }
  }
}
