/// Networks known by name. Their last layer has as many units as the dataset has classes.
public enum ModelPreset: String, Codable, Hashable, Sendable, CaseIterable {
  /// The network of TensorFlow Privacy's classification tutorial: for 28×28 images of 10 classes 26,010 parameters.
  case tutorialCNN = "tutorial-cnn"
  /// The same with tanh in place of ReLU, which bounds activations and so gradients (Papernot et al. 2021,
  /// arXiv:2007.14191).
  case fashionCNN = "fashion-cnn"
  /// Tanh, three pairs of 3×3 convolutions of 32, 64 and 128 filters: for CIFAR-10 550,570 parameters (Tramèr and Boneh 2021,
  /// arXiv:2011.11660, after Papernot et al. 2021).
  case cifarCNN = "cifar-cnn"
  /// LeNet's shape: two 5×5 convolutions of 6 and 16 filters, dense 120 and 84.
  case simpleConvNet = "simple-convnet"
  /// Four 3×3 convolutions of 32, 64, 64 and 128 filters, global average pooling.
  case largerConvNet = "larger-convnet"
  /// Four convolutions of 64, 64, 128 and 512 filters without residuals: what the literature on the cost of DP-SGD calls so.
  case resNet34Simplified = "resnet34-simplified"
  /// He et al. 2016 (arXiv:1512.03385) in the form for 32×32 images, with group norm of 16 groups in place of batch norm.
  case resNet18 = "resnet18"
  /// Simonyan and Zisserman 2015 (arXiv:1409.1556), configuration A, for 32×32 images: one hidden dense layer of 4096.
  case vgg11
  /// Configuration E with the same head.
  case vgg19
  /// One dense layer on the flattened input.
  case logisticRegression = "logistic-regression"
  /// One hidden layer of 128 rectified units on the flattened input.
  case mlp
  /// Token embedding of 16 numbers, mean over positions, dense 16, ReLU.
  case embeddingMeanPool = "embedding-mean-pool"
  /// Token embedding of 32 numbers, an LSTM of 100 units, its last state.
  case lstm
  /// A decoder: 4 pre-norm blocks of 256 channels and 4 heads, causal, a head of its own (Radford et al. 2019).
  case gpt2Tiny = "gpt2-tiny"
  /// An encoder: 4 post-norm blocks of 256 channels and 4 heads, the first position classified through a tanh layer (Liu et
  /// al. 2019, arXiv:1907.11692).
  case robertaTiny = "roberta-tiny"
  /// The vision transformer of 192 channels, 12 blocks and 3 heads (Dosovitskiy et al. 2021, arXiv:2010.11929; Touvron et al.
  /// 2021, arXiv:2012.12877), 4×4 patches, the mean over positions classified.
  case viTTiny = "vit-tiny"

  /// What it is trained with where the model names nothing else.
  var loss: LossFunction {
    self == .gpt2Tiny ? .tokenCrossEntropy : .softmaxCrossEntropy
  }

  /// The layers, written as a caller could have written them.
  /// - Parameter outputCount: of the last dense layer.
  public func layers(outputCount: Int) -> [LayerSpecification] {
    let logits = LayerSpecification.dense(outputCount)
    switch self {
    case .logisticRegression: return [.flatten, logits]
    case .mlp: return [.flatten, .dense(128, .relu), logits]
    case .tutorialCNN: return Self.tutorial(.relu) + [logits]
    case .fashionCNN: return Self.tutorial(.tanh) + [logits]
    case .cifarCNN: return Self.cifar + [logits]
    case .simpleConvNet: return Self.simple + [logits]
    case .largerConvNet: return Self.larger + [logits]
    case .resNet34Simplified: return Self.simplifiedResidual + [logits]
    case .resNet18: return Self.residual18 + [logits]
    case .vgg11: return Self.vgg([[64], [128], [256, 256], [512, 512], [512, 512]]) + [logits]
    case .vgg19:
      return Self.vgg([[64, 64], [128, 128]] + [256, 512, 512].map { Array(repeating: $0, count: 4) }) + [logits]
    case .embeddingMeanPool: return [.embedding(16), .globalAveragePool, .dense(16, .relu), logits]
    case .lstm:
      return [.embedding(32), LayerSpecification(.recurrent(.lstm, units: 100)), .lastPosition, logits]
    case .gpt2Tiny:
      return Self.decoder + [.dense(units: outputCount, activation: nil, bias: false)]
    case .robertaTiny: return Self.encoder + [.dense(256, .tanh), logits]
    case .viTTiny: return Self.visionTransformer + [logits]
    }
  }
}
