import Tensors
import TestSupport

extension Numbers {
  /// Kernel up to 5, stride up to 3, any padding that is allowed, different on each side; sizes of 1 are common.
  mutating func window() -> Window {
    let kernel = (height: pick(1...5), width: pick(1...5))
    let padding = Padding(
      top: pick(0...kernel.height - 1), left: pick(0...kernel.width - 1), bottom: pick(0...kernel.height - 1),
      right: pick(0...kernel.width - 1))
    return Window(kernel: kernel, stride: (pick(1...3), pick(1...3)), padding: padding)
  }

  /// A geometry that exists, with any window.
  mutating func geometry(channels: Int, greatestDilation: Int = 1) -> WindowGeometry {
    while true {
      if let geometry = try? WindowGeometry(
        channels: channels, height: pick(1...9), width: pick(1...9), window: window(),
        dilation: Extent2(height: pick(1...greatestDilation), width: pick(1...greatestDilation)))
      {
        return geometry
      }
    }
  }
}
