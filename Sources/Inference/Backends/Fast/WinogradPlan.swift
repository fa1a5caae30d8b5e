/// Whether and how Winograd's filtering computes a convolution; it needs 3 × 3 kernels, stride 1, and weights of the
/// model.
struct WinogradPlan: Sendable {
  /// m, the outputs along a tile's side.
  let tile: Int
  /// Rows of tiles in an image, and tiles in a row.
  let rows: Int
  let columns: Int

  /// Returns nil if gathering is as fast. The decision depends on shapes only, so results depend on nothing else.
  init?(_ job: ConvolutionJob) {
    let windows = job.windows
    // With fewer channels, the transforms take longer than the products that they replace.
    guard job.convolution.weightsStay, windows.kernel == [3, 3], windows.strides == [1, 1],
      windows.dilations == [1, 1], job.channels >= 8, job.outputs >= 8,
      windows.padsBegin.allSatisfy({ $0 <= 1 << 20 }), Self.fits(job)
    else { return nil }
    let sizes = (Double(job.channels), Double(job.outputs))
    let images = Double(job.batch)
    /// The cost in multiply-adds. Reading a weight from memory costs as much as 8 of them, and transforming a number as
    /// much as 16.
    func cost(_ m: Int) -> Double {
      let tiles = images * Double((windows.output[0] + m - 1) / m) * Double((windows.output[1] + m - 1) / m)
      let planes = Double((m + 2) * (m + 2))
      return planes * ((tiles + 8) * sizes.0 * sizes.1 + 16 * tiles * (sizes.0 + sizes.1))
    }
    let direct = 9 * (images * Double(job.outputSize) + 8) * sizes.0 * sizes.1
    let (small, large) = (cost(2), cost(4))
    guard min(small, large) < direct else { return nil }
    self.init(job, tile: small < large ? 2 : 4)
  }

  /// Tiles of m = 2 or 4, regardless of the cost.
  init(_ job: ConvolutionJob, tile: Int) {
    self.tile = tile
    rows = (job.windows.output[0] + tile - 1) / tile
    columns = (job.windows.output[1] + tile - 1) / tile
  }

  /// Whether the planes of the tiles in one step take at most 128 MiB.
  private static func fits(_ job: ConvolutionJob) -> Bool {
    let tiles = Double(max(192, job.windows.output[1]))
    return 36 * Double(job.channels + job.outputs) * tiles <= Double(1 << 25)
  }
}
