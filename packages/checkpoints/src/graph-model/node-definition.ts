/** A node of TensorFlow's graph, as model.json writes it (protobuf's JSON form: whole numbers are texts). */
export interface NodeDefinition {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr: Readonly<Record<string, unknown>>;
}

const float = { type: 'DT_FLOAT' } as const;
const int = { type: 'DT_INT32' } as const;

/** Texts are bytes in protobuf, and bytes are base64 in its JSON form. */
function text(value: string): { readonly s: string } {
  return { s: btoa(value) };
}

function integers(values: readonly number[]): { readonly list: { readonly i: readonly string[] } } {
  return { list: { i: values.map(String) } };
}

/** A shape; −1 is any size. */
function shapeOf(sizes: readonly number[]): { readonly dim: readonly { readonly size: string }[] } {
  return { dim: sizes.map((size) => ({ size: String(size) })) };
}

export function placeholder(name: string, shape: readonly number[]): NodeDefinition {
  return { name, op: 'Placeholder', attr: { dtype: float, shape: { shape: shapeOf(shape) } } };
}

/** A weight: its values are in the shards, under its name. */
export function constant(name: string, dtype: 'float32' | 'int32', shape: readonly number[]): NodeDefinition {
  const type = dtype === 'float32' ? float : int;
  return {
    name,
    op: 'Const',
    attr: { dtype: type, value: { tensor: { dtype: type.type, tensorShape: shapeOf(shape) } } },
  };
}

/** An operation of floats on its inputs alone: `AddV2`, `Sub`, `Mul`, `Relu`, `Identity`. */
export function operation(op: string, name: string, input: readonly string[]): NodeDefinition {
  return { name, op, input, attr: { T: float } };
}

export interface ConvolutionAttributes {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly relu: boolean;
}

/** A convolution with a bias and, where asked, ReLU, in one operation. */
export function convolution(
  name: string,
  input: readonly [x: string, filter: string, bias: string],
  { stride, padding, dilation, relu }: ConvolutionAttributes,
): NodeDefinition {
  return {
    name,
    op: '_FusedConv2D',
    input,
    attr: {
      T: float,
      num_args: { i: '1' },
      fused_ops: { list: { s: [btoa('BiasAdd'), ...(relu ? [btoa('Relu')] : [])] } },
      strides: integers([1, stride, stride, 1]),
      padding: text(padding === 0 ? 'VALID' : 'EXPLICIT'),
      explicit_paddings: integers(padding === 0 ? [] : [0, 0, padding, padding, padding, padding, 0, 0]),
      dilations: integers([1, dilation, dilation, 1]),
      data_format: text('NHWC'),
      epsilon: { f: 0 },
    },
  };
}

/** Zeros around the image, as many as the constant `paddings` (`[4, 2]`) says. */
export function zeroPadding(name: string, input: string, paddings: string): NodeDefinition {
  return { name, op: 'Pad', input: [input, paddings], attr: { T: float, Tpaddings: int } };
}

export function maxPooling(name: string, input: string, size: number, stride: number): NodeDefinition {
  return {
    name,
    op: 'MaxPool',
    input: [input],
    attr: {
      T: float,
      ksize: integers([1, size, size, 1]),
      strides: integers([1, stride, stride, 1]),
      padding: text('VALID'),
      explicit_paddings: integers([]),
      data_format: text('NHWC'),
    },
  };
}
