"""List the headings that are recognised for each role, and those under which the API's codes count.

Input: none. Output: :data:`HEADINGS` and :data:`PLAIN`.
"""

from __future__ import annotations

from collections.abc import Mapping

from importer.models import Role

# Headings under which 1 and 2, or 0 and 1, are the API's codes. English, then German, French, Spanish, Portuguese,
# Italian. "Shared With" and "Private" aren't plain: there, 1 may be a number or a yes.
PLAIN: Mapping[Role, tuple[str, ...]] = {
    Role.VISIBILITY: (
        "Visibility", "Note Visibility", "Visibility of the note", "Who Can See It", "Who can see this", "Who sees it",
        "Who can see the note",
        "Sichtbarkeit", "Sichtbarkeit der Notiz", "Wer kann es sehen", "Wer kann das sehen", "Wer kann sie sehen",
        "Wer sieht es", "Wer sieht sie",
        "Visibilité", "Visibilité de la note", "Qui peut la voir", "Qui peut le voir", "Qui peut voir la note",
        "Visibilidad", "Visibilidad de la nota", "Quién puede verla", "Quién puede verlo", "Quién puede ver la nota",
        "Visibilidade", "Visibilidade da nota", "Quem pode ver", "Quem pode vê-la", "Quem pode ver a nota",
        "Visibilità", "Visibilità della nota", "Chi può vederla", "Chi può vederlo", "Chi può vedere la nota",
    ),
    Role.STATUS: (
        "Status", "Note Status", "Publication Status",
        "Veröffentlichungsstatus", "Statut", "Estado", "Situação", "Stato",
    ),
}  # fmt: skip

# Usual headings of each role: English, then German, French, Spanish, Portuguese.
HEADINGS: Mapping[Role, tuple[str, ...]] = {
    Role.PROSPECT: (
        "Prospect ID", "Prospect", "Prospect IDs", "Prospect Key", "Contact ID", "Lead ID", "Saleshandy ID",
        "Saleshandy Prospect ID",
        "Interessenten-ID", "Kontakt-ID", "Lead-ID",
        "ID prospect", "ID du prospect", "Identifiant prospect", "ID contact", "ID du contact",
        "ID de prospecto", "ID prospecto", "ID de contacto", "ID contacto",
        "ID do prospect", "ID do contato", "ID contato", "ID do contacto", "ID do lead",
    ),
    Role.EMAIL: (
        "Email", "E-mail", "Email Address", "Emails", "Email ID", "Mail", "Mail Address", "Contact Email",
        "Contact Emails", "Prospect Email", "Lead Email", "Person Email", "Person - Email - Work", "Customer Email",
        "Recipient Email", "Primary Email", "Work Email", "Business Email", "Company Email", "Email 1",
        "E-mail 1 - Value",
        "E-Mail-Adresse", "Mailadresse", "E-Mail geschäftlich", "Person - E-Mail - Arbeit", "Kontakt-E-Mail",
        "E-Mail des Kontakts",
        "Courriel", "Adresse e-mail", "Adresse mail", "Adresse électronique", "Adresse de courriel", "Mél",
        "E-mail professionnel", "E-mail du contact",
        "Correo", "Correo electrónico", "Dirección de correo electrónico", "Dirección de correo", "Dirección de email",
        "Correo del contacto",
        "Endereço de e-mail", "E-mail comercial", "E-mail corporativo", "E-mail do contato", "Correio eletrônico",
        "Correio eletrónico", "Endereço eletrônico",
    ),
    Role.CONTENT: (
        "Note", "Notes", "Content", "Body", "Note Content", "Note Body", "Note Text", "Text", "Message", "Comment",
        "Comments", "Remark", "Remarks",
        "Notiz", "Notizen", "Notiztext", "Inhalt", "Kommentar", "Bemerkung",
        "Contenu", "Contenu de la note", "Texte", "Commentaire", "Remarque",
        "Nota", "Notas", "Contenido", "Texto", "Comentario",
        "Conteúdo", "Conteúdo da nota", "Comentário", "Observação",
    ),
    Role.VISIBILITY: (
        *PLAIN[Role.VISIBILITY], "Visible To", "Shared With", "Access", "Privacy",
        "Sichtbar für", "Zugriff",
        "Visible par", "Confidentialité",
        "Visible para", "Privacidad",
        "Visível para", "Privacidade",
    ),
    Role.STATUS: PLAIN[Role.STATUS],
    Role.ATTACHMENTS: (
        "Attachment IDs", "Attachment ID", "Attachments", "Attachment", "Note Attachments", "File IDs",
        "Attachment Files", "Attachment File", "Attached Files", "Attached File",
        "Anhänge", "Anhang", "Anhang-IDs", "Anlagen",
        "Pièces jointes", "Pièce jointe", "ID des pièces jointes",
        "Adjuntos", "Adjunto", "ID de adjuntos", "Archivos adjuntos", "Archivo adjunto",
        "Anexos", "Anexo", "ID dos anexos",
    ),
    Role.KEY: (),
}  # fmt: skip
