/** Side of the square of pixels that a workgroup makes. */
export const tileSide = 16;

/** What the shader knows of an image before the taps of its blur: see the constants in `declarations`. */
export const numbersPerImage = 7;

/** A stretch of a shader, as `runWebgpuProgram` takes it. */
interface ShaderText {
  readonly declarations: string;
  readonly body: string;
}

/** Workgroup memory of the recolouring kernel: the tile with its surroundings, and after the vertical blur. */
export function sharedBytes(kernelSize: number): number {
  const reach = tileSide + kernelSize - 1;
  return 4 * 3 * (reach * reach + tileSide * reach);
}

/**
 * WGSL of the photometric operations; formulas as in `internal/planar.ts`, operations that are neutral left out.
 *
 * @param bytes the pictures are bytes, four in an i32
 */
export function recolourShader(bytes: boolean, kernelSize: number) {
  const reach = tileSide + kernelSize - 1;
  const declarations = `
    const gray = vec3<f32>(0.2989, 0.587, 0.114);
    ${
      bytes
        ? `fn valueAt(at : i32) -> f32 {
             let byte = f32((bitcast<u32>(pixels[at / 4]) >> u32(8 * (at % 4))) & 255u);
             // A device's division may be off by the last digit: what is left over mends it.
             let quotient = byte / 255.0;
             return fma(fma(-quotient, 255.0, byte), 1.0 / 255.0, quotient);
           }`
        : 'fn valueAt(at : i32) -> f32 { return pixels[at]; }'
    }
    fn clip(colour : vec3<f32>) -> vec3<f32> { return clamp(colour, vec3<f32>(), vec3<f32>(1.0)); }
    // A pixel after its brightness.
    fn pixelAt(image : i32, pixel : i32) -> vec3<f32> {
      let at = 3 * (image * uniforms.height * uniforms.width + pixel);
      let colour = vec3<f32>(valueAt(at), valueAt(at + 1), valueAt(at + 2));
      let brightness = numbers[image * uniforms.perImage];
      if (brightness == 1.0) { return colour; }
      return clip(colour * brightness);
    }`;

  return {
    /** The grey of slices of each picture after its brightness, added up. */
    greySums: (workgroupSize: number): ShaderText => ({
      declarations: `${declarations}
        var<workgroup> parts : array<f32, ${workgroupSize}>;`,
      body: `
        let size = uniforms.height * uniforms.width;
        var sum = 0.0;
        for (var pixel = workgroup.x * ${workgroupSize} + lane; pixel < size; pixel += uniforms.slices * ${workgroupSize}) {
          sum += dot(pixelAt(workgroup.y, pixel), gray);
        }
        parts[lane] = sum;
        workgroupBarrier();
        for (var half = ${workgroupSize >> 1}; half > 0; half /= 2) {
          if (lane < half) { parts[lane] += parts[lane + half]; }
          workgroupBarrier();
        }
        if (lane == 0) { sums[workgroup.y * uniforms.slices + workgroup.x] = parts[0]; }`,
    }),

    recolour: (): ShaderText => ({
      declarations: `${declarations}
        var<workgroup> colours : array<f32, ${3 * reach * reach}>;
        var<workgroup> lines : array<f32, ${3 * tileSide * reach}>;
        fn saturate(colour : vec3<f32>, factor : f32) -> vec3<f32> {
          return clip(factor * colour + (1.0 - factor) * dot(colour, gray));
        }
        fn turned(colour : vec3<f32>, sixths : f32) -> vec3<f32> {
          let value = max(max(colour.x, colour.y), colour.z);
          let chroma = value - min(min(colour.x, colour.y), colour.z);
          var difference = colour.x - colour.y;
          var start = 4.0;
          if (colour.x == value) {
            difference = colour.y - colour.z;
            start = 0.0;
          } else if (colour.y == value) {
            difference = colour.z - colour.x;
            start = 2.0;
          }
          let phase = start + difference / max(chroma, 1e-12) + sixths + vec3<f32>(5.0, 3.0, 1.0);
          let wrapped = phase - 6.0 * floor(phase / 6.0);
          return value - chroma * clip(2.0 - abs(wrapped - 2.0));
        }
        // Mirrored about the border pixels, which are not repeated; what lies further off is not used.
        fn reflected(index : i32, size : i32) -> i32 {
          let inside = select(abs(index), 2 * (size - 1) - index, index >= size);
          return clamp(inside, 0, size - 1);
        }`,
      body: `
        let image = workgroup.z;
        let known = image * uniforms.perImage;
        let contrast = numbers[known + 1];
        let saturation = numbers[known + 2];
        let sixths = numbers[known + 3];
        let grayscale = numbers[known + 4] == 1.0;
        let threshold = numbers[known + 5];
        let radius = i32(numbers[known + 6]);
        let taps = known + ${numbersPerImage};
        var mean = 0.0;
        for (var slice = 0; slice < uniforms.slices; slice++) { mean += sums[image * uniforms.slices + slice]; }
        mean /= f32(uniforms.height * uniforms.width);

        let reach = ${tileSide} + 2 * radius;
        for (var i = lane; i < reach * reach; i += ${tileSide * tileSide}) {
          let row = reflected(workgroup.y * ${tileSide} - radius + i / reach, uniforms.height);
          let column = reflected(workgroup.x * ${tileSide} - radius + i % reach, uniforms.width);
          var colour = pixelAt(image, row * uniforms.width + column);
          if (contrast != 1.0) { colour = clip(contrast * colour + (1.0 - contrast) * mean); }
          if (saturation != 1.0) { colour = saturate(colour, saturation); }
          if (sixths != 0.0) { colour = turned(colour, sixths); }
          if (grayscale) { colour = saturate(colour, 0.0); }
          colours[3 * i] = colour.x;
          colours[3 * i + 1] = colour.y;
          colours[3 * i + 2] = colour.z;
        }
        workgroupBarrier();
        for (var i = lane; i < 3 * ${tileSide} * reach; i += ${tileSide * tileSide}) {
          var sum = 0.0;
          for (var tap = 0; tap <= 2 * radius; tap++) { sum += numbers[taps + tap] * colours[i + 3 * reach * tap]; }
          lines[i] = sum;
        }
        workgroupBarrier();
        let y = lane / ${tileSide};
        let x = lane % ${tileSide};
        let row = workgroup.y * ${tileSide} + y;
        let column = workgroup.x * ${tileSide} + x;
        if (row < uniforms.height && column < uniforms.width) {
          var colour = vec3<f32>();
          for (var tap = 0; tap <= 2 * radius; tap++) {
            let at = 3 * (y * reach + x + tap);
            colour += numbers[taps + tap] * vec3<f32>(lines[at], lines[at + 1], lines[at + 2]);
          }
          colour = select(colour, 1.0 - colour, colour >= vec3<f32>(threshold));
          colour = colour * vec3<f32>(uniforms.red, uniforms.green, uniforms.blue)
            + vec3<f32>(uniforms.redOffset, uniforms.greenOffset, uniforms.blueOffset);
          let at = 3 * ((image * uniforms.height + row) * uniforms.width + column);
          views[at] = colour.x;
          views[at + 1] = colour.y;
          views[at + 2] = colour.z;
        }`,
    }),
  };
}
