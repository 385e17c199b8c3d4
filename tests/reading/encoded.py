"""A corpus of text files in many encodings: English notes with one to four names of another language, and Western ones.

Comes in: nothing. Goes out: for each file its bytes, the encoding that it is in, and the notes that it holds.
"""
# ruff: noqa: E501 - lists of names

import random
from collections.abc import Iterator
from dataclasses import dataclass

ENGLISH = (
    "Asked for a quote, call back on Monday", "Left a voicemail", "Met {} at the trade fair", "Spoke with {} about terms",
    "{} wants the contract by Friday", "Sent the offer to {}", "{} is on holiday until June", "Demo with {} went well",
    "No answer", "Not interested at the moment", "Referred to {} in purchasing", "Call {} again next week",
)  # fmt: skip
NAMES = {
    "French": "François Lefèvre|Hélène Béranger|Benoît Crémieux|Zoé Garçon|Anaïs Thévenot|Gaëlle Forêt|Jérôme Noël|Céline Brûlé|"
    "Geneviève Molière|Agnès Aubépine|Loïc Le Goff-Kerhervé|Étienne Château",
    "German": "Jürgen Müller|Jörg Schröder|Käthe Weiß|Björn Köhler|Günther Größer|Änne Löw|Uwe Strauß|Bärbel Jäger|Sören Böhm|Özil Krämer",
    "Spanish": "José García|María Núñez|Ángel Peña|Íñigo López|Begoña Muñoz|Óscar Hernández|Lucía Martínez|Andrés Ibáñez|Raúl Gómez|Inés Sánchez",
    "Portuguese": "João Conceição|Inês Guimarães|Gonçalo Simões|Luís Antônio|Mônica Araújo|Fábio Leão|Zélia Magalhães|Cândida Assunção",
    "Italian": "Nicolò Forlì|Niccolò Cantù|Mariù D’Alò|Giosuè Papà|Salomè Corrà|Noè Gesù",
    "Scandinavian": "Søren Sørensen|Åse Bjørnstad|Håkon Møller|Kåre Lærke|Björn Åkesson|Mårten Öberg|Jørgen Kjær|Ståle Ødegård|"
    "Päivi Jääskeläinen|Øystein Bø|Åsa Nyström|Ærø Høeg",
    "Dutch": "Daniëlle Coëlho|Zoë de Brüyn|René Kraaijvanger|Noël Geërts|Anaïs Loë",
    "Polish": "Łukasz Wiśniewski|Michał Wójcik|Grażyna Dąbrowska|Paweł Kamiński|Małgorzata Zięba|Jędrzej Węgrzyn|Bożena Wróbel|"
    "Rafał Gołębiowski|Zdzisław Śliwa|Ścibor Źrebiec|Łucja Kępa|Stanisław Gębski|Żaneta Kłos|Kasia Pęk|Jan Kuźma",
    "Czech": "Tomáš Dvořák|Jiří Novotný|Kateřina Svobodová|Ondřej Horáček|Růžena Němcová|Zdeněk Kučera|Přemysl Kříž|Božena Čapková|"
    "Václav Řezníček|Šárka Hruška|Petr Přibyl|Jana Kočí|Pavel Šťastný|Naďa Vaňková|Luděk Hůlka|Jan Kočka|Eva Matoušková",
    "Hungarian": "Gergő Erdős|Petőfi Szűcs|Zsófia Győri|Ödön Fűrész|Jenő Szőke|Tünde Műhely|István Kovács Győző",
    "Croatian": "Željko Petrović|Đorđe Kovačević|Ivan Šarić|Ana Perišić|Zvonimir Čačić|Marko Đurić|Nikola Tomić|Luka Modrić",
    "Romanian": "Călin Ionescu|Mădălina Pătraşcu|Ştefan Brăila|Ioana Dăncilă|Ţepeş Vlad|Ionuţ Bălan",
    "Turkish": "Ayşe Yılmaz|Çağlar Şahin|İbrahim Kılıç|Gülşen Işık|Barış Öztürk|Tuğba Aydın|Oğuz Kaya|Şule Demir|Erdoğan Doğan|"
    "Nazlı Çelik|Yiğit Şimşek|Altın Balcı|Muş Kadıköy|İsmail Akın",
    "Baltic": "Jānis Bērziņš|Jūratė Žukauskaitė|Pēteris Kalniņš|Rūta Šimkus|Līga Ozoliņa|Česlovas Juršėnas|Žydrūnas Savickas",
    "Russian": "Иван Петров|Мария Кузнецова|Сергей Щербаков|Юлия Яковлева|Алексей Громов|Ольга Цветкова|Дмитрий Ёлкин|Эдуард Хохлов",
    "Greek": "Γιώργος Παπαδόπουλος|Ελένη Δημητρίου|Νίκος Αλεξίου|Μαρία Ιωάννου|Κώστας Ξένος|Άννα Ψαρρά",
    "Hebrew": "דוד כהן|שרה לוי|משה פרידמן|יעל בן עמי|נועם שלום",
    "Arabic": "أحمد الحسن|فاطمة علي|محمد إبراهيم|ليلى مصطفى|يوسف القاسم",
    "Thai": "สมชาย ใจดี|นภา แก้วมณี|วิชัย ศรีสุข|กานดา ทองดี",
    "Japanese": "田中太郎|佐藤花子|鈴木一郎|高橋さん|渡辺様|山本ひろし|マイケル|株式会社ソニー",
    "Simplified": "王伟|李娜|张敏|刘洋|陈先生|赵经理|北京华为公司|孙丽华",
    "Traditional": "陳大文|林志明|黃小姐|張先生|台北公司|李國華",
    "Korean": "김민수|이영희|박지훈|최 대리|정수진|서울 본사",
}  # fmt: skip
WESTERN = ("French", "German", "Spanish", "Portuguese", "Italian", "Scandinavian", "Dutch")
ENCODINGS = {
    **dict.fromkeys(WESTERN, "cp1252 iso8859_15 mac_roman cp850"),
    **dict.fromkeys(("Polish", "Czech", "Hungarian", "Croatian", "Romanian"), "cp1250 iso8859_2"),
    "Turkish": "cp1254", "Baltic": "cp1257", "Russian": "cp1251 koi8_r cp866 mac_cyrillic iso8859_5", "Greek": "cp1253",
    "Hebrew": "cp1255", "Arabic": "cp1256", "Thai": "cp874", "Japanese": "cp932 euc_jp", "Simplified": "gb18030",
    "Traditional": "big5", "Korean": "cp949",
}  # fmt: skip
PUNCTUATED = (
    "“Call me – it’s urgent…”", "He said “no”", "Budget: €20,000 – don’t wait", "Won’t buy—too dear", "Café at 20 °C",
)  # fmt: skip


@dataclass(frozen=True)
class File:
    kind: str  # the language of its names
    encoding: str
    notes: tuple[str, ...]

    @property
    def is_western(self) -> bool:
        """Whether its names are of Western Europe, or it has none."""
        return self.kind in (*WESTERN, "English")

    @property
    def content(self) -> bytes:
        rows = "".join(f'P{i},"{note}",private\r\n' for i, note in enumerate(self.notes))
        return f"Prospect ID,Note,Visibility\r\n{rows}".encode(self.encoding)


def corpus(seed: int = 1, each: int = 4) -> Iterator[File]:
    """Yield files of English with one to four names, ``each`` of each number, for each language and encoding."""
    for kind, encodings in ENCODINGS.items():
        for encoding in encodings.split():
            random_ = random.Random(f"{seed} {kind} {encoding}")
            for number in [*range(1, 5)] * each:
                names = [name for name in NAMES[kind].split("|") if _fits(name, encoding)]
                chosen = random_.sample(names, min(number, len(names)))
                yield File(kind, encoding, tuple(_notes(chosen, random_)))
    for encoding in ("cp1252", "mac_roman"):
        random_ = random.Random(f"{seed} {encoding}")
        for number in [*range(1, 5)] * each:
            notes = [*ENGLISH, *(note for note in random_.sample(PUNCTUATED, number) if _fits(note, encoding))]
            yield File("English", encoding, tuple(note.format("Ann") for note in notes))


def _notes(names: list[str], random_: random.Random) -> list[str]:
    notes = [note for note in ENGLISH if "{}" not in note] * 5
    notes += [random_.choice([note for note in ENGLISH if "{}" in note]).format(name) for name in names]
    random_.shuffle(notes)
    return notes


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    return True
