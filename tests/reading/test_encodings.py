"""A text file that doesn't say how it is encoded is read as the person wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.reading import read

NOTES = {
    "French": ("Rappelé Hélène, très intéressée", "Envoyé le devis à François", "Reçu: à rappeler cet été"),
    "German": ("Grüße an Herrn Müller, möchte Angebot", "Straße gewechselt, zurückrufen", "Schönes Gespräch"),
    "Spanish": ("Llamó mañana, señor Peña", "¿Interesado? Sí, próximo año", "Reunión en España"),
    "Portuguese": ("Reunião às três, João não atendeu", "Atenção: promoção até março"),
    "Italian": ("È interessato, richiamerà lunedì", "Perché no? Città di Forlì"),
    "Swedish": ("Ringde Åsa på måndag, återkommer", "Möte på Östermalm"),
    "Norwegian": ("Ringte Bjørn, ønsker tilbud på våren", "Møte i Ålesund"),
    "Polish": (
        "Zadzwonić do Łukasza, chce ofertę w październiku",
        "Spotkanie w Łodzi, bardzo zainteresowany współpracą",
    ),
    "Czech": ("Zavolat panu Dvořákovi, má zájem o nabídku", "Schůzka v Plzni, velmi příjemná"),
    "Hungarian": ("Hívni kell Gábort, érdekli az ajánlat jövő héten", "Köszönöm a megbeszélést, küldje a részleteket"),
    "Russian": ("Позвонить Ивану, хочет предложение", "Встреча в Москве во вторник"),
    "Greek": ("Κάλεσα τον Γιώργο, θέλει προσφορά", "Συνάντηση στην Αθήνα"),
    "Turkish": ("Görüşme iyiydi, teklif istiyor şimdi", "Yarın arayacağım, müşteri kararsız"),
    "Japanese": ("田中さんに電話、見積もりを希望", "資料送付済み、返事待ち"),
    "Chinese": ("给王先生打电话,需要报价", "客户很感兴趣"),
    "Korean": ("김 대리에게 전화, 견적 요청", "고객이 관심 있음"),
    "Hebrew": ("להתקשר לדוד, רוצה הצעה", "פגישה בתל אביב"),
    "Arabic": ("اتصل بأحمد، يريد عرضا", "اجتماع في دبي الأسبوع القادم"),
}
ENCODINGS = {
    "French": "cp1252 latin-1 mac_roman", "German": "cp1252 mac_roman cp850", "Spanish": "cp1252", "Portuguese":
    "cp1252 mac_roman", "Italian": "cp1252 mac_roman", "Swedish": "cp1252 mac_roman", "Norwegian": "cp1252 mac_roman",
    "Polish": "cp1250 iso8859_2", "Czech": "cp1250 iso8859_2", "Hungarian": "cp1250 iso8859_2", "Russian":
    "cp1251 koi8_r mac_cyrillic cp866 iso8859_5", "Greek": "cp1253", "Turkish": "cp1254", "Japanese": "cp932 euc_jp",
    "Chinese": "gb18030", "Korean": "cp949", "Hebrew": "cp1255", "Arabic": "cp1256",
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "encoding"), [(language, found) for language, names in ENCODINGS.items() for found in names.split()]
)
def test_a_few_notes_are_enough_to_tell_how_they_are_encoded(language: str, encoding: str, tmp_path: Path) -> None:
    """Among many lines of English; the guess is said."""
    path = tmp_path / "notes.csv"
    english = ["Asked for a quote, call back on Monday"] * 50
    rows = [f'P{i},"{note}"\r\n' for i, note in enumerate([*english, *NOTES[language], *english])]
    path.write_bytes(("Prospect ID,Note\r\n" + "".join(rows)).encode(encoding))
    with read(path, is_header=lambda cells: "Note" in cells) as sheet:
        notes = [note for block in sheet.blocks() for note in block[1]]
    assert notes[50:-50] == list(NOTES[language])
    assert "was taken as the likeliest" in sheet.remarks[0]
