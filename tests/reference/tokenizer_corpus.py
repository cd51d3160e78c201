"""The lines the tokenizers are compared on: many scripts and whatever else a text may hold, from a seed.

Code points are drawn from those assigned in Unicode 14 (Python 3.11's tables and Oniguruma 6.9.8's) and from such as no
version assigns, so that all libraries agree on what a letter is.
"""
import random
import unicodedata

WORDS = {
    "english": "the of and image describe picture please answer Which colour hello World they're don't I'll we've it's "
               "she'd I'm a cat sits on table near river under cloudy sky small large circle square above below".split(),
    "german": "der die das Straße Übung größer schön Äpfel Öl müde weiß nicht vielleicht Geschwindigkeit Fußgänger".split(),
    "french": "le la l'été où déjà cœur naïve garçon forêt Noël œuvre aujourd'hui à côté élève".split(),
    "nordic": "ø Ørsted fjord på å blåbær þing ð ísland sjö smörgås Čeština řeka žluťoučký őr űr Łódź zażółć".split(),
    "turkish": "İstanbul ışık ağaç çiçek şeker öğrenci ığdır Iğdır".split(),
    "vietnamese": "Tiếng Việt người không được những một đường phố tình nguyện giám đốc".split(),
    "greek": "Ελληνικά λόγος ἀρχή ἦν ὁ Λόγος ώρα ΐ Ί ὕδωρ ᾠδή ῥόδον Ὀδυσσεύς ϡ ϗ Ϸ τέλος ΣΟΦΟΣ".split(),
    "cyrillic": "привет мир Москва объявление ёлка Україна їжак ґанок Београд Љубав ѣ ѡ Ѯ қазақ өмір".split(),
    "armenian": "Հայերեն բարեւ աշխարհ Երեւան և".split(),
    "georgian": "ქართული გამარჯობა მსოფლიო ᲗᲑᲘᲚᲘᲡᲘ ႠႡႢ ⴀⴁⴂ".split(),
    "cherokee": "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ꭳꮟᏺ ᎣᏏᏲ".split(),
    "hebrew": "שלום עולם בְּרֵאשִׁית בָּרָא אלהים ספר תמונה".split(),
    "arabic": "مرحبا بالعالم صورة كتاب الْعَرَبِيَّةُ فارسی گربه پنجره ژاله اردو ٹھیک ہے ﷺ لا".split(),
    "syriac": "ܐܪܡܝܐ ܫܠܡܐ ߒߞߏ ދިވެހި".split(),
    "hindi": "नमस्ते दुनिया चित्र हिन्दी क्या है श्री कृष्ण वर्णन कीजिए".split(),
    "indic": "বাংলা ভাষা ਪੰਜਾਬੀ ગુજરાતી தமிழ் வணக்கம் తెలుగు ಕನ್ನಡ മലയാളം සිංහල ଓଡ଼ିଆ".split(),
    "thai": "สวัสดี ชาวโลก ภาพ กรุณา อธิบาย น้ำ ลำ ภาษาไทย".split(),
    "southeast": "ភាសាខ្មែរ ລາວ မြန်မာ བོད་ཡིག ᮘᮞ ꦧꦱ ᜆᜄᜎᜓᜄ᜔".split(),
    "amharic": "አማርኛ ሰላም ዓለም ኢትዮጵያ ትግርኛ".split(),
    "chinese": "你好 世界 描述 这张 图片 红色 圆形 在 左边 的 正方形 上面 漢字 龍 龜 𠮷 㐀 䶵 鿕".split(),
    "japanese": "こんにちは 世界 カタカナ ひらがな 画像 説明して ください ｶﾀｶﾅ ー 々 〆 ゟ ヷ".split(),
    "korean": "안녕하세요 세계 이미지 설명 한국어 각 힣 ㄱㄴㄷ ㅏㅑ 각 값".split(),
    "mongolian": "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ᠌ ᠎ᠠ ꡖꡍꡂꡛ ꆈꌠꉙ".split(),
    "african": "ⵜⴰⵎⴰⵣⵉⵖⵜ ꔀꔤ 𞤀𞤣𞤤𞤢𞤥 𞤺 ⲕⲏⲙⲉ ɓ Ɗ ŋ ǃXóõ".split(),
    "historic": "𐐔𐐯𐑅𐐨𐑉𐐯𐐻 𐓏𐓘𐓻 𐲀𐳀 𑢡𑣁 𐎠𐎡 𓀀𓂀 𒀀𒁀 ᚠᚢᚦ 𐌰𐌱 𖹀𖹠".split(),
}
EMOJI = ("😀 👍🏽 👩‍👩‍👧‍👦 👨🏿‍💻 🏳️‍🌈 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪 🇯🇵🇰🇷 ❤️ ✈︎ ☎ 1️⃣ #️⃣ 🧑🏻‍🤝‍🧑🏿 🤷🏾‍♀️ ☃️ © ™ 🅰️ 🈁 ⚧ 🦾").split(" ")
DIGITS = "0123456789٠١٢٣٤٥٦٧٨٩۴۵०१२৩௪౫๑๒໓༤၅០᠒⁰²³½¼ⅷⅩ①⑳０９𝟘𝟿𞥐㊿一二三"
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~，。！？：；（）「」『』《》、…—–‘’“”‹›«»¡¿·•†‡‰€£¥₹∑∞≠≤→↔␣№§¶〜・"
SPACES = [" ", "  ", "   ", " " * 7, " " * 40, "\t", "\t\t", "\n", "\n\n", "\r", "\r\n", "\r\n\r\n", "\v", "\f", "\x85",
          "\xa0", "\u1680", "\u180e", "\u2003", "\u2009", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
          "\ufeff", " \n ", "\n  ", "\t \t"]
CONTROLS = [chr(c) for c in range(32)] + ["\x7f", "\x80", "\x9f", "\xad", "\u200c", "\u200d", "\u200e", "\u202e",
                                          "\u2060", "\u2066", "\ufff9", "\U000e0001", "\u061c", "\u070f"]
COMBINING = [chr(c) for c in (*range(0x300, 0x345), 0x483, 0x488, 0x5b0, 0x64b, 0x93c, 0xe31, 0x20dd, 0x20e3, 0x302a, 0x3099,
                              0xfe0f, 0xfe20, 0x1d165, 0x1e8d0)]
CODE = ["def f(x, y=3):\n    return x**2 + y  # comment\n", "for (int i = 0; i < n; ++i) {\n\tsum += a[i];\n}\n",
        "#include <vector>\r\nint main() { return 0; }\r\n", "SELECT id, name FROM users WHERE age >= 18;",
        "const f = async () => await fetch(`/api/${id}`);", "{\"key\": [1, 2.5e-3, null], \"ü\": \"\\u00fc\"}",
        "<div class=\"a b\">text &amp; more</div>", "fn main() { println!(\"{:?}\", v); }", "x = {i: i for i in range(10)}",
        "\\frac{a_{1}}{\\sqrt{b^2}}", "if [ -z \"$HOME\" ]; then echo \"none\"; fi", "0x1F3A 0b1010 1_000_000 3.14e+10 .5 5."]
URLS = ["https://example.com/path/to?q=a%20b&x=1#top", "http://user:pw@host.example:8080/~me/", "mailto:a.b+c@d-e.example",
        "C:\\Users\\me\\file.txt", "/usr/local/lib/x.so.1", "192.168.0.1:443", "2001:db8::1", "@name #tag $VAR"]
ALWAYS_UNASSIGNED = [0x378, 0x379, 0x380, 0x38b, 0x38d, 0x3a2, 0x530, 0x557, 0x5c8, 0xfff0, 0xfffe, 0xffff, 0x1fffe, 0x3fffe]
SPECIAL = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜▁pad▁｜>", "<begin_of_image>", "<end_of_image>",
           "<image_placeholder>", "<patch_placeholder>", "<|ref|>", "<|/ref|>", "<|det|>", "<|/det|>", "<|grounding|>",
           "<|User|>", "<|Assistant|>"]
ODD = list("øöúÿõ÷ûýÀùÁþü")
NEAR_SPECIAL = ["<｜begin▁of▁sentence>", "<|User|", "|User|>", "<image_placeholder", "<<image_placeholder>>", "< |User|>",
                "<|user|>", "<begin_of_image><end_of_image>", "<｜", "｜>", "▁", "▁of▁", "<｜end▁of▁sentence｜><|User|>"]


def _words(rng, least=1, most=8, scripts=tuple(WORDS)):
    script = rng.choice(scripts)
    join = "" if script in ("chinese", "japanese", "thai") and rng.random() < 0.7 else " "
    return join.join(rng.choice(WORDS[script]) for _ in range(rng.randint(least, most)))


def _mixed(rng):
    return "".join(rng.choice([_words(rng, 1, 2), rng.choice(SPACES), rng.choice(PUNCTUATION), rng.choice(DIGITS),
                               rng.choice(EMOJI)]) for _ in range(rng.randint(2, 8)))


def _digits(rng):
    run = "".join(rng.choice(DIGITS) for _ in range(rng.randint(1, 10)))
    return rng.choice([run, str(rng.randrange(10**rng.randint(1, 12))), f"{rng.random():.6f}", f"{run}%", f"a{run}b {run}"])


def _spaces(rng):
    return "".join(rng.choice(SPACES) + rng.choice(["", "x", "漢", "!", "9", "\u1f7d"]) for _ in range(rng.randint(1, 6)))


def _combining(rng):
    base = rng.choice(list("aeoAZ" + "एกא" + "가ㅏ각"))
    return "".join(base + "".join(rng.choice(COMBINING) for _ in range(rng.randint(0, 4))) for _ in range(rng.randint(1, 5)))


def _controls(rng):
    return "".join(rng.choice([rng.choice(CONTROLS), rng.choice("ab 1")]) for _ in range(rng.randint(1, 12)))


def _specials(rng):
    tokens = SPECIAL + NEAR_SPECIAL + ODD
    return "".join(rng.choice([rng.choice(tokens), rng.choice(tokens) + rng.choice(SPACES), _words(rng, 1, 3), rng.choice(PUNCTUATION)])
                   for _ in range(rng.randint(1, 6)))


def _prompt(rng):
    question = _words(rng, 2, 6)
    return rng.choice([f"<|User|>: <image_placeholder>\n{question}\n\n<|Assistant|>:",
                       f"<|User|>: {question}\n\n<|Assistant|>:<begin_of_image>",
                       f"User: {question}\n\nAssistant: {_words(rng)}<｜end▁of▁sentence｜>"])


def _private(rng):
    ranges = [(0xe000, 0xf8ff), (0xf0000, 0xffffd), (0x100000, 0x10fffd)]
    return "".join(chr(rng.choice([rng.randint(*rng.choice(ranges)), rng.choice(ALWAYS_UNASSIGNED), rng.randint(0x40000, 0xdffff)]))
                   for _ in range(rng.randint(1, 6)))


def _full_width(rng):
    return "".join(chr(rng.randint(0xff01, 0xff5e)) for _ in range(rng.randint(1, 12)))


def _assigned(rng, low, high):
    while True:
        c = rng.randint(low, high)
        if not 0xd800 <= c <= 0xdfff and unicodedata.category(chr(c)) != "Cn":
            return chr(c)


def _random(rng):
    low, high = rng.choice([(0, 0x7f), (0x80, 0x24f), (0x250, 0x52f), (0x530, 0x8ff), (0x900, 0x1fff), (0x2000, 0x2fff),
                            (0x3000, 0xffff), (0x10000, 0x1ffff), (0x20000, 0x3134a), (0x1f00, 0x1fff), (0x1f000, 0x1faff)])
    return "".join(_assigned(rng, low, high) + rng.choice(["", "", " "]) for _ in range(rng.randint(1, 10)))


def _long(rng):
    return rng.choice([rng.choice("a漢 😀=-0") * rng.randint(50, 300), "".join(_words(rng, 3, 10) for _ in range(5))])


KINDS = [(_words, 34), (_mixed, 12), (_digits, 5), (_spaces, 6), (_combining, 3), (_controls, 3), (_specials, 9), (_prompt, 4),
         (_private, 2), (_full_width, 2), (_random, 14), (_long, 1),
         (lambda rng: rng.choice(CODE), 1), (lambda rng: rng.choice(URLS) + " " + _words(rng), 2),
         (lambda rng: "".join(rng.choice(EMOJI) + rng.choice(["", " "]) for _ in range(rng.randint(1, 4))), 2)]


def lines(seed, count):
    """`count` texts; they may hold line ends."""
    rng = random.Random(seed)
    makers, weights = zip(*KINDS)
    fixed = ["", " ", "  ", "\n", "a", "\u1f7d", "\u1fd3\u1fdb", "漢", "\0", *SPECIAL, *ODD, *NEAR_SPECIAL, *CODE, *URLS, *EMOJI, *SPACES]
    return fixed + [rng.choices(makers, weights)[0](rng) for _ in range(count - len(fixed))]


def word_lines(seed, count, scripts=tuple(WORDS)):
    rng = random.Random(seed)
    return [_words(rng, scripts=scripts) for _ in range(count)]
