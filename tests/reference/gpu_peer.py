"""How long the transformers reference takes for one image, an image step, a text token and the vision tower of
Janus-Pro-1B's size on a GPU, with random weights in bfloat16: what tests/gpu.sh prints beside janus."""
import time

import torch
from transformers import JanusConfig, JanusForConditionalGeneration

RUNS = 3
PROMPT = 32


def config():
    vision = dict(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, image_size=384, patch_size=16,
                  mlp_ratio=4.0, projection_dim=2048, num_image_tokens=576)
    text = dict(vocab_size=102400, hidden_size=2048, intermediate_size=5632, num_hidden_layers=24,
                num_attention_heads=16, num_key_value_heads=16, max_position_embeddings=16384)
    vq = dict(embed_dim=8, num_embeddings=16384, latent_channels=256, base_channels=128,
              channel_multiplier=[1, 1, 2, 2, 4], num_res_blocks=2, num_patches=24, projection_dim=2048,
              image_token_embed_dim=2048)
    return JanusConfig(text_config=text, vision_config=vision, vq_config=vq)


def median_ms(body, runs=RUNS):
    times = []
    for _ in range(runs + 1):  # the first warms up
        torch.cuda.synchronize()
        start = time.perf_counter()
        body()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1000)
    return sorted(times[1:])[runs // 2]


@torch.inference_mode()
def main():
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        whole = JanusForConditionalGeneration(config()).eval()
    model, language = whole.model, whole.model.language_model
    ids = torch.randint(0, 100000, (2, PROMPT), device="cuda")

    def image(steps=576, guidance=5.0):
        out = language(inputs_embeds=language.get_input_embeddings()(ids), use_cache=True)
        for _ in range(steps):
            logits = model.generation_head(out.last_hidden_state[:, -1])
            guided = logits[1] + guidance * (logits[0] - logits[1])
            code = torch.multinomial(torch.softmax(guided.float(), -1), 1).repeat(2)
            embeds = model.generation_aligner(model.generation_embeddings(code)).unsqueeze(1)
            out = language(inputs_embeds=embeds, past_key_values=out.past_key_values, use_cache=True)

    def text(steps=64):
        out = language(inputs_embeds=language.get_input_embeddings()(ids[:1]), use_cache=True)
        for _ in range(steps):
            token = whole.lm_head(out.last_hidden_state[:, -1]).argmax(-1)
            out = language(input_ids=token.unsqueeze(1), past_key_values=out.past_key_values, use_cache=True)

    picture = torch.randn(1, 3, 384, 384, device="cuda")
    codes = torch.randint(0, 16384, (1, 576), device="cuda")
    whole_ms = median_ms(image, runs=2)
    rows = [("one image, codes", whole_ms), ("image_decode a step", whole_ms / 576), ("text_decode a token", median_ms(text) / 64)]
    rows.append(("vision", median_ms(lambda: model.aligner(model.vision_model(picture).last_hidden_state))))
    rows.append(("vq_decode", median_ms(lambda: model.vqmodel.decode(codes))))
    for name, ms in rows:
        print(f"  {name:<24} {ms:>10.3f} ms")


if __name__ == "__main__":
    main()
