internal import CKernels
internal import ONNXGraph
internal import Synchronization

/// The three steps for some rows of tiles: inputs to planes, planes times weights, products to outputs.
struct WinogradPass<T: WinogradTile>: Sendable {
  let job: ConvolutionJob
  /// [groups, planes], each packed: [K, C]
  let weights: Elements<Float>
  /// Rows of tiles in an image, and tiles in a row.
  let rows: Int
  let columns: Int
  /// The most tiles in a step.
  let capacity: Int

  /// The distance between channels in planes. Vectors write four tiles. Numbers written after a row of tiles are in the
  /// next row, which is written later, or in the free space at the end.
  var stride: Int { (capacity + 3) / 4 * 4 + 4 }

  private var planes: Int { T.inputs * T.inputs }

  /// Numbers in a padded row of inputs, with room for vectors.
  private var width: Int { (columns * T.outputs + 2 + 15) / 16 * 16 + 32 }

  /// Numbers of scratch memory for a worker: the input rows of a row of tiles, and their transforms.
  var stripCount: Int { 2 * T.inputs * width }

  /// Bᵀ d B of `channels`, to planes [C, tiles].
  func transform(
    _ group: Int, _ channels: Range<Int>, _ lines: Range<Int>, _ memory: UnsafeMutablePointer<Float>,
    _ strip: UnsafeMutablePointer<Float>
  ) {
    let windows = job.windows
    let (height, length) = (windows.input[0], windows.input[1])
    let (top, left) = (windows.padsBegin[0], windows.padsBegin[1])
    let plane = job.channels * stride
    let columnsDone = strip + T.inputs * width
    // The columns of padding stay 0.
    strip.update(repeating: 0, count: T.inputs * width)
    let first = min(left, width)
    let used = max(0, min(length, columns * T.outputs + 2 - left))
    for channel in channels {
      for (number, line) in lines.enumerated() {
        let x = job.input(line / rows, group * job.channels + channel)
        let y = line % rows * T.outputs - top
        for row in 0..<T.inputs {
          let to = strip + row * width + first
          if y + row < 0 || y + row >= height {
            for index in 0..<used { to[index] = 0 }
          } else {
            Products.kernels.take(x + (y + row) * length, 1, to, used)
          }
        }
        T.inputColumns(UnsafePointer(strip), columnsDone, step: width, count: columns * T.outputs + 2)
        for row in 0..<T.inputs {
          T.inputRow(
            UnsafePointer(columnsDone + row * width), tiles: columns,
            memory + row * T.inputs * plane + channel * stride + number * columns, plane: plane)
        }
      }
    }
  }

  /// Products of some planes: [K, C] · [C, tiles].
  func multiply(
    _ group: Int, _ planes: Range<Int>, _ lines: Range<Int>, _ memory: UnsafeMutablePointer<Float>
  ) {
    let (channels, outputs) = (job.channels, job.outputs)
    let products = memory + self.planes * channels * stride
    for plane in planes {
      Products.multiply(
        weights.base + (group * self.planes + plane) * outputs * channels,
        Products.Matrix(base: memory + plane * channels * stride, row: stride),
        products + plane * outputs * stride, yRow: stride, rows: outputs, columns: lines.count * columns,
        depth: channels)
    }
  }

  /// Aᵀ m A of output channels, with bias and epilogue.
  func finish(
    _ group: Int, _ outputs: Range<Int>, _ lines: Range<Int>, _ memory: UnsafeMutablePointer<Float>,
    _ strip: UnsafeMutablePointer<Float>, _ isFinite: Verdict
  ) {
    let (height, length) = (job.windows.output[0], job.windows.output[1])
    let plane = job.outputs * stride
    let products = UnsafePointer(memory + planes * job.channels * stride)
    var holds = true
    for output in outputs {
      for (number, line) in lines.enumerated() {
        let (image, y) = (line / rows, line % rows * T.outputs)
        let start = y * length
        let target = job.y.base + job.place(image, group * job.outputs + output) + start
        let count = min(T.outputs, height - y)
        for tile in Swift.stride(from: 0, to: columns, by: 4) {
          let from = products + output * stride + number * columns + tile
          let x = tile * T.outputs
          if count == T.outputs, x + 4 * T.outputs <= length {
            T.output(from, plane: plane, target + x, step: length)
          } else {
            // Outputs beyond the edges of the image are cut off.
            T.output(from, plane: plane, strip, step: 4 * T.outputs)
            let room = min(4 * T.outputs, length - x)
            for row in 0..<count {
              for index in 0..<room { target[row * length + x + index] = strip[row * 4 * T.outputs + index] }
            }
          }
        }
        holds = holds && Finishing.isFinite(UnsafePointer(target), count: count * length)
        job.finish(image, group * job.outputs + output, from: start, count: count * length)
      }
    }
    if !holds { isFinite.fail() }
  }
}

/// Whether the results of all workers are valid.
final class Verdict: Sendable {
  private let failed = Atomic(false)

  var holds: Bool { !failed.load(ordering: .relaxed) }

  func fail() { failed.store(true, ordering: .relaxed) }
}

/// G g Gᵀ of every kernel.
enum WinogradWeights {
  /// [groups, planes], each a packed matrix [K, C]; computed in binary64 and rounded once.
  static func transformed<T: WinogradTile>(_ job: ConvolutionJob, _: T.Type) throws(OperatorError) -> Tensor {
    let (n, g) = (T.inputs, T.g)
    let (channels, outputs) = (job.channels, job.outputs)
    let result = try Tensor(
      .float, [job.groups * n * n * outputs * channels + Products.slack], job.budget)
    let to = result.values(Float.self)
    Parallel.split(job.groups * outputs, threads: job.threads) { numbers in
      var half = [Double](repeating: 0, count: n * 3)
      for number in numbers {
        let (group, output) = (number / outputs, number % outputs)
        // In its panel, the row is the number `output − first` of `high` rows.
        let first = output / Products.panel * Products.panel
        let high = min(Products.panel, outputs - first)
        for channel in 0..<channels {
          let from = job.w.base + (number * channels + channel) * 9
          for i in 0..<n {
            for j in 0..<3 {
              half[i * 3 + j] =
                g[i][0] * Double(from[j]) + g[i][1] * Double(from[3 + j]) + g[i][2] * Double(from[6 + j])
            }
          }
          for i in 0..<n {
            for j in 0..<n {
              let sum = g[j][0] * half[i * 3] + g[j][1] * half[i * 3 + 1] + g[j][2] * half[i * 3 + 2]
              let plane = (group * n * n + i * n + j) * outputs * channels
              to[plane + first * channels + channel * high + output - first] = Float(sum)
            }
          }
        }
      }
    }
    return result
  }
}
