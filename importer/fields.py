"""The one table of a row's fields: how their columns are found, the words that their cells hold, the template.

Texts about a field are in ``importer/texts/fields.py``, named for its role: ``role.status`` is its label,
``column.which.status`` the question for its column, ``none.status`` the answer that a sheet has none,
``template.prompt.status`` its explanation in the template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from importer.models import Role, Status, Visibility


@dataclass(frozen=True)
class Field:
    """A field of a row. Headings are in English, German, French, Spanish, Portuguese, some in Italian.

    Attributes:
        headings: usual headings of its column. The first heads its column in the template.
        vague_headings: further ones, under which the API's codes don't count: under "Shared With", 1 may be a number.
        suggested: pattern of a part of headings that may be meant, such as those of HubSpot, Salesforce, Pipedrive,
            Outreach, Zoho and Google Contacts. "Description" describes an account as often as it is a note.
        of_one_person: pattern of headings, without case and signs, of columns that hold further values of one person.
            "Company Email", "Owner Email" and "Cc" aren't among them.
        words: value → its usual words, the API's code first. Values are in the order in which they are offered. "Team"
            isn't among them: an owner's team is not everybody.
        in_headings: value → patterns of words that mean it in a heading, without case and accents. Words of the first
            pattern count in any heading. Words of the second count only among words of the same kind, because "Team
            Lead" is a person.
        is_further: whether its cells' text is sent as it stands, and part of what a note says (see ``Note.further``).
        is_required: whether each row of the template needs it, or the column that may be filled in instead.
    """

    headings: tuple[str, ...] = ()
    vague_headings: tuple[str, ...] = ()
    suggested: str = ""
    of_one_person: str = ""
    words: Mapping[Visibility | Status, tuple[str, ...]] = field(default_factory=dict)
    in_headings: Mapping[Visibility | Status, tuple[str, str]] = field(default_factory=dict)
    is_further: bool = False
    is_required: bool = False


_KIND_OF_EMAIL = (
    r"(?:work|business|office|home|personal|private|primary|main|secondary|second|tertiary|third|other|alternat(?:e|ive)|additional"
    r"|arbeit|geschäftlich\w{0,2}|beruflich\w{0,2}|dienstlich\w{0,2}|privat\w{0,2}|weitere|andere|sonstige|zweite"
    r"|professionnel|personnel|autre|trabajo|otro|comercial|corporativo|pessoal|outro)"
)

FIELDS: Mapping[Role, Field] = {
    Role.PROSPECT: Field(
        headings=(
            "Prospect ID", "Prospect", "Prospect IDs", "Prospect Key", "Contact ID", "Lead ID", "Saleshandy ID",
            "Saleshandy Prospect ID",
            "Interessenten-ID", "Kontakt-ID",
            "ID prospect", "ID du prospect", "Identifiant prospect", "ID contact", "ID du contact",
            "ID de prospecto", "ID prospecto", "ID de contacto", "ID contacto",
            "ID do prospect", "ID do contato", "ID contato", "ID do contacto", "ID do lead",
        ),
        suggested=r"saleshandy|prospect",
        is_required=True,
    ),
    Role.CONTENT: Field(
        headings=(
            "Note", "Notes", "Content", "Body", "Note Content", "Note Body", "Note Text", "Text", "Message", "Comment",
            "Comments", "Remark", "Remarks", "Content (plaintext)",
            "Notiz", "Notizen", "Notiztext", "Inhalt", "Kommentar", "Bemerkung",
            "Contenu", "Contenu de la note", "Texte", "Commentaire", "Remarque",
            "Nota", "Notas", "Contenido", "Texto", "Comentario",
            "Conteúdo", "Conteúdo da nota", "Comentário", "Observação",
        ),
        suggested=r"note|comment|remark|body|summary|description|descripción|descrição|^update content$|^details$"
        r"|biograph|notiz|kommentar|beschreibung|commentaire|comentari",
        is_required=True,
    ),
    Role.VISIBILITY: Field(
        headings=(
            "Visibility", "Note Visibility", "Visibility of the note", "Who Can See It", "Who can see this",
            "Who sees it", "Who can see the note",
            "Sichtbarkeit", "Sichtbarkeit der Notiz", "Wer kann es sehen", "Wer kann das sehen", "Wer kann sie sehen",
            "Wer sieht es", "Wer sieht sie",
            "Visibilité", "Visibilité de la note", "Qui peut la voir", "Qui peut le voir", "Qui peut voir la note",
            "Visibilidad", "Visibilidad de la nota", "Quién puede verla", "Quién puede verlo",
            "Quién puede ver la nota",
            "Visibilidade", "Visibilidade da nota", "Quem pode ver", "Quem pode vê-la", "Quem pode ver a nota",
            "Visibilità", "Visibilità della nota", "Chi può vederla", "Chi può vederlo", "Chi può vedere la nota",
        ),
        vague_headings=(
            "Visible To", "Shared With", "Access", "Privacy",
            "Sichtbar für", "Zugriff",
            "Visible par", "Confidentialité",
            "Visible para", "Privacidad",
            "Visível para", "Privacidade",
        ),
        suggested=r"visib|privat|public(?!a[tcç])|shar|^internal$|sicht|classif|klassif|clasif|permi[st]|confid|vertraul|geheim|secret(?!ar)|segret[oaie]\b"
        r"|公開|公开|공개|🔒|vertrouw|sensi[tb]|restrict|embargo|\bscope\b|\baccess\b|\bviewers?\b|audience|zugriff"
        r"|\b(?:tlp|nda|acl)\b|\b(?:who|may|can)\b.*\b(?:sees?|views?|reads?)\b|\b(?:wer|darf|kann)\b.*\bseh"
        r"|\b(?:qui|quem)\b.*\b(?:voir|ler)\b",
        words={
            Visibility.PRIVATE: (
                "2", "Private", "Only me", "Me", "Owner", "Personal", "Just me", "Owner only", "Only owner", "Me only",
                "Only the owner", "Record owner only",
                "Privat", "Nur ich", "Privé", "Privée", "Moi seulement", "Privado", "Privada", "Solo yo", "Só eu",
                "Somente eu", "Privato", "Privata", "Solo io",
            ),
            Visibility.PUBLIC: (
                "1", "Public", "Everyone", "All", "Shared", "All team members", "Whole team", "Öffentlich", "Alle",
                "Publique", "Tous", "Público", "Pública", "Todos", "Pubblico", "Pubblica", "Tutti",
            ),
        },
        in_headings={
            Visibility.PRIVATE: (
                r"privat\w{0,7}|privad[oa]s?|prive(?:e|s|es)?|privac\w{2,6}|confiden\w{0,9}|vertraulich\w{0,4}"
                r"|intern(?:al|ally|a|o|e|es|os|as|er|es|ne|nes)?|secret\w{0,4}|sensitiv\w{0,3}|segret\w{1,4}|geheim\w{0,4}|riservat\w{1,4}"
                r"|reserv(?:ad[oa]|ee?)s?",
                r"me|mine|myself|ich|mich|moi|yo|eu|io|owner|own|personal|personnel|personnelle"
                r"|personlich|pessoal|personale|hidden|hide|eyes|pvt|priv|perso|ocult[oa]s?|restricted|besitzer|proprietaire|propietario|proprietario"
                r"|deleted|trashed|removed|locked|geloscht|gesperrt|supprimee?s?|verrouillee?s?|eliminad[oa]s?|bloquead[oa]s?"
                r"|excluid[oa]s?|eliminat[oa]|bloccat[oa]|archived|archiviert|archivee?s?|archivad[oa]s?|archiviat[oa]|skip|obsolete",
            ),
            Visibility.PUBLIC: (
                r"public(?:a|o|as|os|ly)?|publiques?|offentlich\w{0,4}|pubblic[oahie]{1,2}|shar(?:e|ed|es|ing)|geteilt\w{0,2}"
                r"|freigegeben\w{0,2}|partag\w{1,4}|compart\w{2,6}|condivi\w{2,6}|visib(?:le|les|il|ile|ili)|visive(?:l|is)"
                r"|sichtbar\w{0,2}",
                r"team|everyone|everybody|all|anyone|alle|allen|tous|toute|equipe|equipo|todos|todo|tutti|squadra|external|freigabe|teilen"
                r"|extern|externe|externo|externa|esterno",
            ),
        },
        is_required=True,
    ),
    Role.STATUS: Field(
        headings=(
            "Status", "Note Status", "Publication Status",
            "Veröffentlichungsstatus", "Statut", "Estado", "Situação", "Stato",
        ),
        suggested=r"draft|publish(?!er)|entwurf|^note state$|^(?:released|review(?:ed)?|approv(?:ed|al))\W*$",
        words={
            Status.PUBLISHED: (
                "1", "Published", "Publish", "Live", "Final", "Veröffentlicht", "Publié", "Publiée", "Publicado",
                "Publicada", "Pubblicato", "Pubblicata",
            ),
            Status.DRAFT: (
                "0", "Draft", "Unpublished", "Entwurf", "Brouillon", "Borrador", "Rascunho", "Bozza",
            ),
        },
        in_headings={
            Status.DRAFT: (
                r"draft\w{0,3}|entwurf\w{0,2}|brouillons?|borrador(?:es)?|rascunhos?|bozz[ae]|unpublished|unveroffentlicht",
                "",
            ),
            Status.PUBLISHED: (
                r"publish(?:ed|es)?|veroffentlich(?:en|t\w{0,2})|publie(?:e|s|es|r)?|publica(?:r|d[oa]s?)|pubblica(?:re|t[oaie])",
                "live|final|released|approved|genehmigt|approuvee?s?|aprobad[oa]s?|aprovad[oa]s?|send|senden|import|include|ready",
            ),
        },
    ),
    Role.ATTACHMENTS: Field(
        headings=(
            "Attachments", "Attachment IDs", "Attachment ID", "Attachment", "Note Attachments", "File IDs",
            "Attachment Files", "Attachment File", "Attached Files", "Attached File",
            "Anhänge", "Anhang", "Anhang-IDs", "Anlagen",
            "Pièces jointes", "Pièce jointe", "ID des pièces jointes",
            "Adjuntos", "Adjunto", "ID de adjuntos", "Archivos adjuntos", "Archivo adjunto",
            "Anexos", "Anexo", "ID dos anexos",
        ),
    ),
    Role.EMAIL: Field(
        headings=(
            "Email", "E-mail", "Email Address", "Emails", "Email ID", "Mail", "Mail Address", "Contact Email",
            "Contact Emails", "Prospect Email", "Lead Email", "Person Email", "Person - Email - Work", "Customer Email",
            "Recipient Email", "Primary Email", "Work Email", "Business Email", "Company Email", "Email 1",
            "E-mail 1 - Value", "Who Email", "Contact person - Email", "Primary Contact Primary Email",
            "Email (Regarding) (Contact)", "Email (Regarding) (Lead)", "Record > Email addresses",
            "Parent Record > Email addresses",
            "E-Mail-Adresse", "Mailadresse", "E-Mail geschäftlich", "Person - E-Mail - Arbeit", "Kontakt-E-Mail",
            "E-Mail des Kontakts",
            "Courriel", "Adresse e-mail", "Adresse mail", "Adresse électronique", "Adresse de courriel", "Mél",
            "E-mail professionnel", "E-mail du contact",
            "Correo", "Correo electrónico", "Dirección de correo electrónico", "Dirección de correo",
            "Dirección de email", "Correo del contacto",
            "Endereço de e-mail", "E-mail comercial", "E-mail corporativo", "E-mail do contato", "Correio eletrônico",
            "Correio eletrónico", "Endereço eletrônico",
        ),
        suggested=r"mail|courriel|correo|^log-?in$|^user ?name$",
        of_one_person=rf"(?:person)?{_KIND_OF_EMAIL}?(?:e?mails?|courriel|correo(?:electrónico)?)(?:address(?:es)?|adressen?)?"
        rf"(?:{_KIND_OF_EMAIL}|[1-9](?:value|address|adresse)?)?",
        is_required=True,
    ),
    Role.KEY: Field(),
    Role.RECORD: Field(
        suggested=r"^(?:activity|task|event|engagement|note|call|meeting|comment|interaction)"
        r"(?:[ _]?record)?[ _-]?ids?$|^\(do not modify\) (?:note|activity|task|phone call|appointment)$"
        r"|^(?:aktivitäts?|aufgaben|ereignis|notiz|anruf)[ _-]?id$"
        r"|^id (?:d[ea] )?(?:la? |l['’])?(?:activité|tâche|note|actividad|tarea|nota|atividade|tarefa)$",
    ),
}  # fmt: skip
WORDED: Mapping[Role, Field] = {role: entry for role, entry in FIELDS.items() if entry.words}
"""The fields whose cells hold one of a few words: visibility and status."""
FURTHER = tuple(role for role, entry in FIELDS.items() if entry.is_further)
"""The roles of further fields. The API's name of each is the role's."""

OTHERS = frozenset(
    "owner owners user users rep reps assigned assignee author creator created modified updated sender host cc bcc"
    " besitzer benutzer zuständig ersteller erstellt propriétaire propietario proprietário".split()
)
"""Words of headings about people who aren't the prospects, whose emails are never suggested."""
TASK_STATES = frozenset({"not started", "in progress", "completed", "waiting on someone else", "deferred"})
"""Words of Salesforce, Zoho and others for how far a task is, which say nothing about a note's publication."""
BESIDE_THE_TEXT: Mapping[str, tuple[str, ...]] = {
    "date": (
        "Date", "Activity Date", "Note Date", "Call Date", "Created Date", "Create Date", "Created", "Created At",
        "Created On", "Created Time", "Date Created", "Date Created UTC", "Note Created At", "Activity At", "Add Time",
        "Note Add Time", "Timestamp", "Date/Time", "Activity Date/Time",
        "Datum", "Erstellt am", "Erstelldatum", "Date de création", "Créé le", "Fecha", "Fecha de creación", "Data",
        "Data de criação",
    ),
    "kind": ("Type", "Activity Type", "Task Type", "Note Type", "Engagement Type", "Typ", "Aktivitätstyp", "Tipo"),
    "author": (
        "Assigned", "Assigned To", "Owner", "Note Owner", "Activity Owner", "Task Owner", "Created By", "Author",
        "User", "Owned By", "Note Created By", "Created By Name", "Creator Name", "Activity Assigned To", "Verfasser",
        "Erstellt von", "Zugewiesen", "Auteur", "Créé par", "Autor", "Creado por", "Criado por",
    ),
    "subject": (
        "Subject", "Note Title", "Note Subject", "Activity Subject", "Betreff", "Objet", "Sujet", "Asunto", "Assunto",
    ),
}  # fmt: skip
"""What a column beside the text may tell of a note → its usual headings, in the order in which a template takes them.
"Title" isn't among them: it is as often a person's."""

# Words that mean something only together with their heading.
YES = frozenset("1 y yes true x on t j ja wahr o oui vrai s si sí sì sim verdadero verdadeiro vero ✓ ✔ ☑ ✅ √".split())
NO = frozenset("0 n no false off f nein falsch non faux falso não nao - ✗ ✘ ☐ ❌".split())
ABOUT_VISIBILITY = re.compile(
    r"visibilit(?:y|e|a)|visibilidade?|sichtbarkeit|privacy|sharing|vertraulichkeit|confidentialite"
)
"""Words in a heading that are about visibility, without saying which."""
NEGATION = re.compile(
    r"no|not|non|un|nicht|kein|keine|keinem|nie|never|pas|sans|ne|ni|sin|nao|sem|senza|without|ohne|dont|doesnt|isnt"
    r"|exclud\w{0,3}|except|ausser|sauf|excepto|exceto|salvo|eccetto"
)
"""Words that turn a heading around. A negation may also be the beginning of a word: unshared."""
BESIDE = re.compile(
    r"is|are|ist|est|es|only|just|nur|seulement|solo|so|somente|note|notes|notiz|notizen|nota|notas|the|with|to|by|for"
    r"|in|of|on|members?|whole|can|sees?|show|from|others?|my|keep|flag|mit|von|vor"
    r"|fur|der|die|das|de|la|le|les|el|o|a|par|para|pour|con|com|per|avec|da|del|della"
)
"""Words that may stand in a heading beside a word that counts only among words of its kind."""
